/**
 * The element with this id; the page's HTML and its scripts belong together, so a missing one is a bug.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element '${id}'`);
  return found;
}

/**
 * A field of a form.
 * @param {string} id
 * @returns {HTMLInputElement}
 */
export function field(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/**
 * Makes an element with text or children. Text goes in as text: no name becomes markup.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {...(string | Node)} children
 */
export function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
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
    void attempt(element(form).querySelector('button'), problem, act);
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
