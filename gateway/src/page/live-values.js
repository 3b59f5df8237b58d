import { make } from './dom.js';
import { payloadSummary } from './payload-summary.js';

/** Often enough to be seen to live, seldom enough to be read. */
const PAINT_MS = 1_000;
/** Without news for so long, a value is shown as an old one. */
const STALE_MS = 4_000;

/**
 * @typedef {{ element: HTMLElement, stopHearing: () => void, heardAt: number, text: string }} Line
 */

/** What the topic named like a plugin last said, as one line for each plugin; nothing where it may not be joined. */
export class LiveValues {
  #connection;
  /** @type {Map<string, Line>} */
  #lines = new Map();

  /** @param {import('./connection.js').Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  start() {
    setInterval(() => this.#paint(), PAINT_MS);
  }

  /**
   * The line of a plugin that is ready: the same element every time, so that a list drawn anew does not flicker.
   * @param {string} plugin
   * @returns {HTMLElement}
   */
  lineOf(plugin) {
    const known = this.#lines.get(plugin);
    if (known) return known.element;
    const element = make('p', { class: 'live', 'aria-live': 'off' });
    /** @type {Line} */
    const line = { element, stopHearing: () => {}, heardAt: 0, text: '' };
    this.#lines.set(plugin, line);
    line.stopHearing = this.#connection.hear(plugin, ({ event, payload }) => {
      if (event === 'join refused') return;
      line.heardAt = Date.now();
      line.text = [event, ...payloadSummary(payload)].join(' · ');
    });
    return element;
  }

  /**
   * Forgets the lines of all plugins but these. One that comes back is asked anew: it may have another topic then.
   * @param {readonly string[]} plugins
   */
  keep(plugins) {
    for (const [plugin, { stopHearing }] of this.#lines) {
      if (plugins.includes(plugin)) continue;
      stopHearing();
      this.#lines.delete(plugin);
    }
  }

  #paint() {
    for (const { element, heardAt, text } of this.#lines.values()) {
      if (element.textContent !== text) element.textContent = text;
      element.classList.toggle('old', Date.now() - heardAt > STALE_MS);
    }
  }
}
