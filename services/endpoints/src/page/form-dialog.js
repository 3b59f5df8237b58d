import { element } from '../../../page/dom.js';
import { onSubmit } from '../../../page/forms.js';

/**
 * A `<dialog>` with a form, by the ids `<id>`, `<id>-form` and `<id>-problem`. It closes when what it asks for is done. What
 * goes wrong is said in it, and what was typed stays; whoever closes it waits no longer.
 */
export class FormDialog {
  #dialog;
  #id;
  #onClose;
  #closed = new AbortController();
  /** @type {Element | null} */
  #opener = null;

  /**
   * @param {string} id
   * @param {(signal: AbortSignal) => Promise<void>} act
   * @param {() => void} [onClose]
   */
  constructor(id, act, onClose = () => {}) {
    this.#id = id;
    this.#onClose = onClose;
    this.#dialog = /** @type {HTMLDialogElement} */ (element(id));
    onSubmit(`${id}-form`, `${id}-problem`, async () => {
      const { signal } = this.#closed;
      await act(signal);
      if (!signal.aborted) this.#close();
    });
    this.#dialog.querySelector('[data-close]')?.addEventListener('click', () => this.#close());
    this.#dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      this.#close();
    });
    // Some closings are told of only here, a moment later: by then it may be open again.
    this.#dialog.addEventListener('close', () => this.#dialog.open || this.#leave());
  }

  open() {
    this.#closed.abort();
    this.#closed = new AbortController();
    this.#opener = document.activeElement;
    element(`${this.#id}-problem`).textContent = '';
    this.#dialog.showModal();
  }

  #close() {
    this.#dialog.close();
    this.#leave();
  }

  #leave() {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#onClose();
    giveBackFocus(this.#opener);
  }
}

/**
 * The browser gives the focus back to what has opened a dialog; where that is gone by then, the next best thing gets it.
 * @param {Element | null} opener
 */
function giveBackFocus(opener) {
  if (opener?.checkVisibility()) return;
  const row = opener?.closest('li');
  const inRow = row?.isConnected ? row.querySelector('.choices > button:not([hidden])') : undefined;
  /** @type {HTMLElement} */ (inRow ?? element('title')).focus();
}
