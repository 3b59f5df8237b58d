import { element } from './dom.js';

/**
 * A field of a form.
 * @param {string} id
 * @returns {HTMLInputElement}
 */
export function field(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/**
 * What a form does when it is sent; what goes wrong is said in the element `problem`.
 * @param {string} form
 * @param {string} problem
 * @param {() => Promise<void>} act
 */
export function onSubmit(form, problem, act) {
  element(form).addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(element(form).querySelector('[type=submit]'), problem, act);
  });
}

/**
 * The same for a button of its own.
 * @param {HTMLElement} button
 * @param {string} problem
 * @param {() => Promise<void>} act
 */
export function onClick(button, problem, act) {
  button.addEventListener('click', () => void attempt(button, problem, act));
}

/**
 * @param {HTMLElement | null} button not to be pressed twice
 * @param {string} problem
 * @param {() => Promise<void>} act
 */
async function attempt(button, problem, act) {
  element(problem).textContent = '';
  button?.setAttribute('disabled', '');
  try {
    await act();
  } catch (error) {
    element(problem).textContent = error instanceof Error ? error.message : String(error);
  } finally {
    button?.removeAttribute('disabled');
  }
}
