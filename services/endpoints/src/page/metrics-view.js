import { make } from '../../../page/dom.js';
import { RangePlot } from './range-plot.js';

/** Queries that most of what is scraped answers; the last one is the reader's own. */
const QUERIES = [
  { title: 'Up', query: 'up' },
  { title: 'CPU, seconds per second', query: 'rate(process_cpu_seconds_total[1m])' },
  { title: 'Memory, bytes', query: 'process_resident_memory_bytes' },
  { title: 'Time to scrape, seconds', query: 'scrape_duration_seconds' },
  { title: 'PromQL of your own', query: '' },
];

/** What is in a panel of metrics. */
export class MetricsView {
  #choice = select(QUERIES.map(({ title }) => title));
  #query = input();
  #source = select([]);
  #sourceLabel = make('label', { class: 'wide' }, 'Source ', this.#source);
  #problem = make('p', { class: 'problem', role: 'alert' });
  #shown = make('span');
  #latest = make('output', { 'aria-live': 'off' }, '–');
  #note = make('p', { class: 'note' });
  #highest = make('span', { class: 'highest' });
  #lowest = make('span', { class: 'lowest' });
  #svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  #plot = new RangePlot(this.#svg);

  /**
   * @param {HTMLElement} panel
   * @param {() => void} onChange called when something else is to be drawn
   */
  constructor(panel, onChange) {
    this.#svg.setAttribute('role', 'img');
    this.#query.value = QUERIES[0]?.query ?? '';
    panel.append(this.#form(onChange), ...this.#drawing());
    this.#choice.addEventListener('change', () => this.#choose(onChange));
    this.#query.addEventListener('input', () => (this.#choice.value = String(this.#choiceOfQuery())));
    this.#source.addEventListener('change', onChange);
  }

  get query() {
    return this.#query.value.trim();
  }

  /** Its place among the sources. */
  get chosenSource() {
    return Math.max(0, this.#source.selectedIndex);
  }

  /** @param {readonly string[]} names */
  showSources(names) {
    this.#sourceLabel.hidden = names.length < 2;
    const known = [...this.#source.options].map(({ textContent }) => textContent);
    if (JSON.stringify(known) === JSON.stringify(names)) return;
    const chosen = known[this.chosenSource];
    this.#source.replaceChildren(...options(names));
    this.#source.selectedIndex = Math.max(0, names.indexOf(chosen ?? ''));
  }

  /**
   * @param {string} query
   * @param {readonly import('./range-plot.js').Series[]} series
   * @param {{ from: number, to: number, gapMs: number }} times
   */
  showCurves(query, series, times) {
    const { lowest, highest } = this.#plot.draw(series, times);
    const last = series.length === 1 ? series[0]?.samples.at(-1)?.value : undefined;
    const latest = last === undefined ? '–' : short(last);
    this.#problem.textContent = '';
    this.#shown.textContent = query;
    this.#latest.textContent = latest;
    this.#highest.textContent = series.length === 0 ? '' : short(highest);
    this.#lowest.textContent = series.length === 0 ? '' : short(lowest);
    this.#note.textContent = countText(series.length);
    const label = `${query}, last 15 minutes: between ${short(lowest)} and ${short(highest)}, ${latest} now`;
    this.#svg.setAttribute('aria-label', label);
  }

  /**
   * What was drawn stays: it says what it is.
   * @param {string} text
   */
  showProblem(text) {
    this.#problem.textContent = text;
  }

  /** @param {() => void} onChange */
  #choose(onChange) {
    this.#query.value = QUERIES[Number(this.#choice.value)]?.query ?? '';
    if (this.query === '') this.#query.focus();
    else onChange();
  }

  #choiceOfQuery() {
    const known = QUERIES.findIndex(({ query }) => query === this.query);
    return known === -1 ? QUERIES.length - 1 : known;
  }

  /** @param {() => void} onChange */
  #form(onChange) {
    const button = make('button', { type: 'submit', class: 'quiet' }, 'Draw');
    const form = make(
      'form',
      {},
      make('label', {}, 'Show ', this.#choice),
      make('label', {}, 'PromQL ', this.#query),
      this.#sourceLabel,
      make('p', { class: 'choices wide' }, button),
      this.#problem,
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      onChange();
    });
    return form;
  }

  #drawing() {
    const plot = make('div', { class: 'plot' }, this.#svg, this.#highest, this.#lowest);
    const caption = make('figcaption', {}, this.#shown, this.#latest);
    const axis = [make('span', {}, '15 minutes ago'), make('span', {}, 'now')];
    return [
      make('figure', { class: 'gauge' }, caption, plot),
      make('p', { class: 'axis', 'aria-hidden': 'true' }, ...axis),
      this.#note,
    ];
  }
}

/** @param {readonly string[]} titles */
function select(titles) {
  const made = /** @type {HTMLSelectElement} */ (make('select'));
  made.append(...options(titles));
  return made;
}

/** @param {readonly string[]} titles */
function options(titles) {
  return titles.map((title, place) => make('option', { value: String(place) }, title));
}

function input() {
  const attributes = { required: '', maxlength: '4096', spellcheck: 'false', autocomplete: 'off' };
  return /** @type {HTMLInputElement} */ (make('input', attributes));
}

/** @param {number} count */
function countText(count) {
  if (count === 0) return 'Nothing was measured that this asks for.';
  return count === 1 ? '' : `${count} curves; a pointer on one tells which it is.`;
}

/**
 * As many digits as somebody reads at a glance.
 * @param {number} value
 */
function short(value) {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}
