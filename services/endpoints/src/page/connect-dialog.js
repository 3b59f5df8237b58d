import { ask } from '../../../page/api.js';
import { element, make } from '../../../page/dom.js';
import { field } from '../../../page/forms.js';
import { FormDialog } from './form-dialog.js';

/** @typedef {import('./model.js').Kind} Kind */

/** Connects to an endpoint in one of the ways that its type has. */
export class ConnectDialog {
  #guid = '';
  /** @type {readonly Kind[]} */
  #kinds = [];
  /** @type {Map<string, string>} what was typed, by the fields' names: several kinds may have the same */
  #typed = new Map();
  #dialog;

  /** @param {() => Promise<void>} onDone */
  constructor(onDone) {
    const act = async (/** @type {AbortSignal} */ signal) => {
      await this.#connect(signal);
      await onDone();
    };
    this.#dialog = new FormDialog('connecting', act, () => this.#forget());
    element('kind').addEventListener('change', () => this.#showFields());
    element('fields').addEventListener('input', () => this.#remember());
  }

  /**
   * @param {import('./model.js').Endpoint} endpoint
   * @param {{ kinds: readonly Kind[], mayShare: boolean }} choices
   */
  open({ guid, name, url }, { kinds, mayShare }) {
    this.#guid = guid;
    this.#kinds = kinds;
    element('connecting-title').textContent = `Connect to ${name}`;
    element('connecting-url').textContent = url;
    element('kind-label').hidden = kinds.length < 2;
    element('kind').replaceChildren(
      ...kinds.map(({ kind, title = kind }) => make('option', { value: kind }, title)),
    );
    field('shared').checked = false;
    element('shared-label').hidden = !mayShare;
    this.#showFields();
    this.#dialog.open();
  }

  #showFields() {
    const fields = this.#kinds.find(({ kind }) => kind === field('kind').value)?.fields ?? [];
    const shown = fields.map((each) => labelledInput(each, this.#typed.get(each.name) ?? ''));
    const nothing = make('p', { class: 'note' }, 'Nothing is asked for.');
    element('fields').replaceChildren(...(shown.length === 0 ? [nothing] : shown));
  }

  #remember() {
    for (const { name, value } of inputs()) this.#typed.set(name, value);
  }

  /** Nothing secret stays in the page. */
  #forget() {
    this.#typed.clear();
    element('fields').replaceChildren();
  }

  /** @param {AbortSignal} signal */
  async #connect(signal) {
    const body = {
      kind: field('kind').value,
      credentials: Object.fromEntries([...inputs()].map(({ name, value }) => [name, value])),
      shared: field('shared').checked,
    };
    await ask('POST', `v1/endpoints/${this.#guid}/connection`, body, signal);
  }
}

function inputs() {
  return /** @type {NodeListOf<HTMLInputElement>} */ (element('fields').querySelectorAll('input'));
}

/**
 * @param {import('./model.js').Field} field
 * @param {string} value
 */
function labelledInput({ name, title = name, secret, required, placeholder }, value) {
  const input = /** @type {HTMLInputElement} */ (
    make('input', {
      ...{ name, type: secret ? 'password' : 'text', autocomplete: 'off' },
      ...{ autocapitalize: 'none', spellcheck: 'false', maxlength: '16384' },
      ...(required ? { required: '' } : {}),
      ...(placeholder === undefined ? {} : { placeholder }),
    })
  );
  input.value = value;
  return make('label', {}, required ? title : `${title} (may be left out)`, input);
}
