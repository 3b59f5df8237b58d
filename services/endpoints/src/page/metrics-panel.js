import { make } from '../../../page/dom.js';
import { MetricsView } from './metrics-view.js';
import { GAP_MS, queryRange, sourceName } from './query-range.js';

/** @typedef {import('./model.js').Source} Source */

const SPAN_MS = 15 * 60_000;
const REFRESH_MS = 15_000;

/** What Prometheus knows of an endpoint: a button that opens it, and curves that go on while it is open. */
export class MetricsPanel {
  element = make('div', { class: 'metrics', hidden: '' });
  button = make('button', { type: 'button', class: 'quiet', 'aria-expanded': 'false' }, 'Metrics');
  /** @type {MetricsView | undefined} made when it is opened: lists may be long */
  #view;
  #guid;
  #nameOf;
  /** @type {readonly Source[]} */
  #sources = [];
  /** @type {ReturnType<typeof setInterval> | undefined} set: it is open */
  #timer;
  /** Of what is asked now; what was asked before does not count any more. */
  #asking = new AbortController();

  /**
   * @param {string} guid
   * @param {(guid: string) => string} nameOf the name of a Prometheus
   */
  constructor(guid, nameOf) {
    this.#guid = guid;
    this.#nameOf = nameOf;
    this.button.addEventListener('click', () => (this.#timer === undefined ? this.#open() : this.close()));
  }

  /**
   * @param {string} name the endpoint's
   * @param {readonly Source[]} sources
   */
  update(name, sources) {
    this.#sources = sources;
    this.button.hidden = sources.length === 0;
    this.button.setAttribute('aria-label', `Metrics ${name}`);
    this.#showSources();
    if (sources.length === 0) this.close();
  }

  #open() {
    this.#view ??= new MetricsView(this.element, () => void this.#draw());
    this.#showSources();
    this.#timer = setInterval(() => void (document.hidden || this.#draw()), REFRESH_MS);
    this.#show(true);
    void this.#draw();
  }

  close() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#asking.abort();
    this.#show(false);
  }

  #showSources() {
    this.#view?.showSources(this.#sources.map((source) => sourceName(source, this.#nameOf)));
  }

  /** @param {boolean} isOpen */
  #show(isOpen) {
    this.button.setAttribute('aria-expanded', String(isOpen));
    this.element.hidden = !isOpen;
  }

  async #draw() {
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    const view = this.#view;
    const source = this.#sources[view?.chosenSource ?? 0];
    if (!view || !source || view.query === '') return;
    const query = view.query;
    const to = Date.now();
    const from = to - SPAN_MS;
    try {
      const series = await queryRange({ guid: this.#guid, source, query, from, to, signal });
      if (!signal.aborted) view.showCurves(query, series, { from, to, gapMs: GAP_MS });
    } catch (error) {
      if (!signal.aborted) view.showProblem(error instanceof Error ? error.message : String(error));
    }
  }
}
