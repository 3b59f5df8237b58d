import { element } from '../../page/dom.js';

const REFRESH_MS = 2_000;
/** A plugin that is asked for its description for the first time may take its time. */
const PATIENCE_MS = 15_000;

/**
 * Asks for a JSON document again and again while somebody looks, and tells when it is another one.
 * @template Shown the document
 */
export class Follower {
  #url;
  #ask;
  #show;
  #shown = '';
  #isAsking = false;
  /** Counts what makes answers under way worthless. */
  #turn = 0;

  /**
   * @param {string} url
   * @param {() => RequestInit} ask how it is asked for
   * @param {(document: Shown) => void} show
   */
  constructor(url, ask, show) {
    this.#url = url;
    this.#ask = ask;
    this.#show = show;
  }

  start() {
    document.addEventListener('visibilitychange', () => void this.#refresh());
    setInterval(() => void this.#refresh(), REFRESH_MS);
    void this.#refresh();
  }

  /** Somebody else asks from now on. */
  again() {
    this.#turn += 1;
    this.#isAsking = false;
    void this.#refresh();
  }

  async #refresh() {
    if (document.hidden || this.#isAsking) return;
    const turn = this.#turn;
    this.#isAsking = true;
    try {
      const text = await this.#fetch();
      if (turn !== this.#turn) return;
      element('followed').textContent = 'Follows the mesh.';
      // Nothing new: leave the elements alone, and with them focus and selection.
      if (text !== this.#shown) this.#show(JSON.parse(text));
      this.#shown = text;
    } catch {
      if (turn === this.#turn) element('followed').textContent = 'The gateway does not answer.';
    } finally {
      if (turn === this.#turn) this.#isAsking = false;
    }
  }

  /** `no-cache`: the browser asks whether what it has is still right. */
  async #fetch() {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(this.#url, { ...this.#ask(), cache: 'no-cache', signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.text();
  }
}
