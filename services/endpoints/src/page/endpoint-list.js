import { ask, Refusal } from '../../../page/api.js';
import { element } from '../../../page/dom.js';
import { EndpointRow } from './endpoint-row.js';

/** @typedef {import('./model.js').Answer} Answer */

/** The endpoints that whoever is logged in may see; asked for anew whenever somebody says that something has changed. */
export class EndpointList {
  /** @type {Map<string, EndpointRow>} */
  #rows = new Map();
  #parts;
  /** @type {Promise<void> | undefined} */
  #asking;
  #isDue = false;

  /**
   * @param {{ actions: import('./endpoint-row.js').Actions, owners: import('./owner-names.js').OwnerNames,
   *   onAnswer: (answer: Answer) => void }} parts
   */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Asks again; once more when it is called meanwhile. Never rejects: what is wrong stands on the page. */
  refresh() {
    this.#isDue = true;
    this.#asking ??= this.#askWhileDue().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #askWhileDue() {
    while (this.#isDue) {
      this.#isDue = false;
      await this.#ask().catch((error) => this.#showProblem(error));
    }
  }

  async #ask() {
    const [list, { types }] = await Promise.all([ask('GET', 'v1/endpoints'), ask('GET', 'v1/types')]);
    /** @type {Answer} */
    const answer = { ...list, types };
    await this.#parts.owners.learn(answer);
    this.#show(answer);
    this.#parts.onAnswer(answer);
  }

  /** @param {Answer} answer */
  #show({ endpoints, types, notes, you }) {
    element('login').hidden = true;
    element('note').textContent = endpoints.length > 0 ? '' : emptyText(you);
    element('skipped').textContent = notes.map(noteText).join(' ');
    this.#removeOthers(new Set(endpoints.map(({ guid }) => guid)));
    for (const [place, endpoint] of endpoints.entries()) {
      const type = types.find((each) => each.type === endpoint.type);
      const around = { type, you, owner: this.#parts.owners.nameFor(endpoint, you) };
      this.#place(this.#updated(endpoint, around), place);
    }
  }

  /**
   * @param {import('./model.js').Endpoint} endpoint
   * @param {import('./endpoint-row.js').Around} around
   */
  #updated(endpoint, around) {
    const known = this.#rows.get(endpoint.guid);
    known?.update(endpoint, around);
    const nameOf = (/** @type {string} */ guid) => this.#rows.get(guid)?.endpoint.name ?? guid;
    const row = known ?? new EndpointRow(endpoint, around, { actions: this.#parts.actions, nameOf });
    this.#rows.set(endpoint.guid, row);
    return row;
  }

  /**
   * Moves nothing that is in its place already: it would lose the focus.
   * @param {EndpointRow} row
   * @param {number} place
   */
  #place(row, place) {
    const list = element('list');
    if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
  }

  /** @param {ReadonlySet<string>} guids */
  #removeOthers(guids) {
    for (const [guid, row] of this.#rows) {
      if (guids.has(guid)) continue;
      if (row.element.contains(document.activeElement)) element('title').focus();
      row.remove();
      this.#rows.delete(guid);
    }
  }

  /** @param {unknown} error */
  #showProblem(error) {
    const isStranger = error instanceof Refusal && error.status === 401;
    element('login').hidden = !isStranger;
    element('note').textContent = isStranger ? '' : error instanceof Error ? error.message : String(error);
    if (!isStranger) return;
    // Nothing that was somebody's is left to whoever comes next.
    for (const id of ['account', 'connection', 'register']) element(id).hidden = true;
    element('skipped').textContent = '';
    this.#removeOthers(new Set());
  }
}

/** @param {import('./model.js').You} you */
function emptyText({ mayRegister }) {
  return mayRegister ? 'None yet: register one.' : 'None yet. Administrators register them.';
}

/** @param {import('./model.js').Note} note */
function noteText({ plugin, reason }) {
  return `What '${plugin}' adds is missing: ${reason}.`;
}
