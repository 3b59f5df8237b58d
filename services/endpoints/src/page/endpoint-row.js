import { make } from '../../../page/dom.js';
import { MetricsPanel } from './metrics-panel.js';
import { detailsOf, sourcesOf, stateOf, typeText } from './model.js';

/** @typedef {import('./model.js').Endpoint} Endpoint */
/** @typedef {{ type: import('./model.js').Type | undefined, you: import('./model.js').You, owner: string | undefined }} Around */
/** @typedef {'connect' | 'check' | 'disconnect' | 'unregister'} Action */
/** @typedef {Record<Action, (row: EndpointRow) => Promise<void> | void>} Actions */

/**
 * What can be done at an endpoint, in the order of the buttons: what stands on it, and who has it when.
 * @type {readonly { action: Action, text: string, isThere: (endpoint: Endpoint, you: import('./model.js').You) => boolean }[]}
 */
const BUTTONS = [
  { action: 'connect', text: 'Connect…', isThere: ({ available }) => available },
  {
    action: 'check',
    text: 'Check',
    isThere: ({ available, connection }) => available && connection !== null,
  },
  {
    action: 'disconnect',
    text: 'Disconnect…',
    isThere: ({ connection }, you) => connection !== null && (!connection.shared || you.admin),
  },
  { action: 'unregister', text: 'Unregister…', isThere: ({ owner }, you) => you.admin || owner === you.id },
];

/** An endpoint in the list. Its elements stay when it changes, and with them focus and what was opened. */
export class EndpointRow {
  element;
  /** @type {Endpoint} */
  endpoint;
  /** @type {Around} */
  around;
  #name = make('h3');
  #type = make('span', { class: 'type' });
  #url = make('code');
  #state = make('span');
  #details = make('p', { class: 'details' });
  #said = make('p', { class: 'said', role: 'status' });
  #metrics;
  /** @type {Map<Action, HTMLElement>} */
  #buttons = new Map();

  /**
   * @param {Endpoint} endpoint
   * @param {Around} around
   * @param {{ actions: Actions, nameOf: (guid: string) => string }} parts
   */
  constructor(endpoint, around, { actions, nameOf }) {
    this.endpoint = endpoint;
    this.around = around;
    this.#metrics = new MetricsPanel(endpoint.guid, nameOf);
    const choices = make('p', { class: 'choices' }, ...this.#makeButtons(actions), this.#metrics.button);
    this.element = make(
      'li',
      { 'data-guid': endpoint.guid },
      make('div', { class: 'what' }, this.#name, this.#type, this.#url),
      make('p', { class: 'state' }, make('span', { class: 'lamp', 'aria-hidden': 'true' }), this.#state),
      this.#details,
      choices,
      this.#said,
      this.#metrics.element,
    );
    this.update(endpoint, around);
  }

  /**
   * @param {Endpoint} endpoint
   * @param {Around} around
   */
  update(endpoint, around) {
    this.endpoint = endpoint;
    this.around = around;
    const { state, text } = stateOf(endpoint, around.type);
    this.element.dataset.state = state;
    setText(this.#state, text);
    setText(this.#name, endpoint.name);
    setText(this.#type, typeText(endpoint, around.type));
    setText(this.#url, endpoint.url);
    setText(this.#details, detailsOf(endpoint, around.owner));
    this.#metrics.update(endpoint.name, sourcesOf(endpoint));
    this.#updateButtons();
  }

  /**
   * What has come of something that was done here.
   * @param {string} text
   */
  say(text) {
    this.#said.textContent = text;
  }

  remove() {
    this.#metrics.close();
    this.element.remove();
  }

  /** @param {Actions} actions */
  #makeButtons(actions) {
    return BUTTONS.map(({ action, text }) => {
      const button = make('button', { type: 'button', class: 'quiet', 'data-action': action }, text);
      button.addEventListener('click', () => void this.#act(button, actions[action]));
      this.#buttons.set(action, button);
      return button;
    });
  }

  /**
   * @param {HTMLElement} button
   * @param {(row: EndpointRow) => Promise<void> | void} act
   */
  async #act(button, act) {
    this.say('');
    // Not by `disabled`, which takes the focus away.
    if (button.getAttribute('aria-disabled')) return;
    button.setAttribute('aria-disabled', 'true');
    try {
      await act(this);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    } finally {
      button.removeAttribute('aria-disabled');
    }
  }

  #updateButtons() {
    const hadFocus = this.element.contains(document.activeElement);
    for (const { action, text, isThere } of BUTTONS) {
      const button = /** @type {HTMLElement} */ (this.#buttons.get(action));
      button.hidden = !isThere(this.endpoint, this.around.you);
      button.setAttribute('aria-label', `${text} ${this.endpoint.name}`);
    }
    // The button that was pressed may be gone now; whoever uses the keyboard stays here.
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    if (hadFocus && focused?.hidden) this.focus();
  }

  focus() {
    const buttons = /** @type {NodeListOf<HTMLElement>} */ (
      this.element.querySelectorAll('.choices > button')
    );
    [...buttons].find(({ hidden }) => !hidden)?.focus();
  }
}

/**
 * Writes what is new only: selections stay, and nothing is read out again.
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
