/** An answer that is none that was hoped for. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the plugin. Rejects with a `Refusal` that says for people what is wrong.
 * @param {string} method
 * @param {string} path below the plugin's prefix
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function ask(method, path, body) {
  const response = await fetch(new URL(path, document.baseURI), {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  const text = await response.text();
  if (response.ok) return text === '' ? undefined : JSON.parse(text);
  throw new Refusal(response.status, sentence(text, response.status));
}

/**
 * What a problem document says, as a sentence.
 * @param {string} text
 * @param {number} status
 */
function sentence(text, status) {
  try {
    const { detail, fix } = JSON.parse(text);
    const said = [detail, fix].filter(Boolean).join('. ');
    if (said !== '') return said.charAt(0).toUpperCase() + said.slice(1);
  } catch {
    // Not a problem document: a proxy on the way may have answered.
  }
  return `The mesh answered ${status}. Try again in a moment.`;
}
