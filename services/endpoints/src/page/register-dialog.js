import { ask } from '../../../page/api.js';
import { element, make } from '../../../page/dom.js';
import { field } from '../../../page/forms.js';
import { FormDialog } from './form-dialog.js';

/** Registers an endpoint of a type that a plugin provides. */
export class RegisterDialog {
  /** @type {readonly import('./model.js').Type[]} */
  #types = [];
  #dialog;

  /** @param {() => Promise<void>} onDone */
  constructor(onDone) {
    this.#dialog = new FormDialog('registering', async (signal) => {
      await this.#register(signal);
      await onDone();
    });
    element('type').addEventListener('change', () => this.#showType());
  }

  /** @param {readonly import('./model.js').Type[]} types */
  open(types) {
    this.#types = types;
    /** @type {HTMLFormElement} */ (element('registering-form')).reset();
    element('type').replaceChildren(...types.map(typeOption));
    // The first that can be had.
    field('type').value = types.find(({ available }) => available)?.type ?? '';
    this.#showType();
    this.#dialog.open();
  }

  #showType() {
    const type = this.#types.find((each) => each.type === field('type').value);
    const subTypes = type?.subTypes ?? [];
    element('type-note').textContent = type?.description ?? noteWithout(this.#types);
    element('subtype-label').hidden = subTypes.length === 0;
    element('subtype').replaceChildren(
      ...subTypes.map((each) => make('option', { value: each.type }, each.title ?? each.type)),
    );
  }

  /** @param {AbortSignal} signal */
  async #register(signal) {
    const caCert = field('ca-cert').value.trim();
    const body = {
      type: field('type').value,
      subType: field('subtype').value || null,
      name: field('name').value.trim(),
      url: field('url').value.trim(),
      skipTlsValidation: field('skip-tls').checked,
      caCert: caCert === '' ? null : caCert,
    };
    await ask('POST', 'v1/endpoints', body, signal);
  }
}

/** @param {import('./model.js').Type} type */
function typeOption({ type, title = type, available }) {
  const text = available ? title : `${title} (not ready)`;
  return make('option', { value: type, ...(available ? {} : { disabled: '' }) }, text);
}

/** @param {readonly unknown[]} types */
function noteWithout(types) {
  return types.length === 0 ? 'No plugin provides a type of endpoint yet.' : '';
}
