import { element } from '../../../page/dom.js';
import { FormDialog } from './form-dialog.js';

/** Asks back before something is done that cannot be undone. */
export class ConfirmDialog {
  /** @type {(signal: AbortSignal) => Promise<void>} */
  #act = async () => {};
  #dialog = new FormDialog('confirming', (signal) => this.#act(signal));

  /**
   * @param {{ title: string, text: string, button: string }} question
   * @param {(signal: AbortSignal) => Promise<void>} act
   */
  ask({ title, text, button }, act) {
    this.#act = act;
    element('confirming-title').textContent = title;
    element('confirming-text').textContent = text;
    element('confirming-button').textContent = button;
    this.#dialog.open();
  }
}
