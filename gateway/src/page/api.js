/** An answer that is none that was hoped for. */
export class Refusal extends Error {
  /**
   * @param {number} status 0: none came
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the plugin whose page this is. Rejects with a `Refusal` that says for people what is wrong.
 * @param {string} method
 * @param {string} path below the plugin's prefix
 * @param {unknown} [body]
 * @param {AbortSignal} [signal] when nobody waits any more
 * @returns {Promise<any>}
 */
export async function ask(method, path, body, signal) {
  const response = await fetch(new URL(path, document.baseURI), {
    method,
    ...(signal ? { signal } : {}),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  }).catch(() => undefined);
  const text = await response?.text().catch(() => undefined);
  if (!response || text === undefined)
    throw new Refusal(0, 'The mesh does not answer. Try again in a moment.');
  if (response.ok) return text === '' ? undefined : JSON.parse(text);
  throw new Refusal(response.status, sentence(text, response.status));
}

/**
 * What a problem document says, in sentences; `error` is what other systems call it, when a plugin passes their words on.
 * @param {string} text
 * @param {number} status
 */
function sentence(text, status) {
  try {
    const { detail, error, fix } = JSON.parse(text);
    const said = [detail ?? error, fix].filter((part) => typeof part === 'string' && part !== '');
    if (said.length > 0) return said.map(asSentence).join(' ');
  } catch {
    // Not a problem document: a proxy on the way may have answered.
  }
  return `The mesh answered ${status}. Try again in a moment.`;
}

/** @param {string} part */
function asSentence(part) {
  return `${part.charAt(0).toUpperCase()}${part.slice(1)}${/[.!?]$/.test(part) ? '' : '.'}`;
}
