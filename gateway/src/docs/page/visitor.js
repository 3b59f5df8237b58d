import { element } from '../../page/dom.js';
import { ROOT } from './root.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What stands beside each choice. */
const NOTES = {
  anonymous: 'Without cookies and keys, as a stranger.',
  key: 'As Authorization: Bearer, without cookies.',
  session: 'As whoever is logged in with this browser; without a login, as nobody.',
};

/** As whom the page reads and tries. A key is known to this page alone, and kept nowhere. */
export class Visitor {
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  start() {
    element('as').addEventListener('submit', (event) => event.preventDefault());
    element('as').addEventListener('change', () => this.#change());
    this.#describe();
  }

  /** How a request of this visitor's is sent that changes nothing. */
  reading() {
    return { headers: this.#headers(), credentials: this.#credentials() };
  }

  /**
   * Makes a request of the documentation this visitor's. Nothing but the mesh is ever sent who somebody is.
   * @param {{ url: string, method?: string, headers: Record<string, string>, credentials?: RequestCredentials }} request
   */
  async sign(request) {
    if (new URL(request.url, ROOT).origin !== ROOT.origin) throw new Error('this is no address of the mesh');
    request.credentials = this.#credentials();
    Object.assign(request.headers, this.#headers());
    if (this.#as() === 'session' && !SAFE.has((request.method ?? 'GET').toUpperCase())) {
      const token = await xsrfToken();
      if (token) request.headers['X-XSRF-Token'] = token;
    }
    return request;
  }

  /** @returns {Record<string, string>} */
  #headers() {
    const key = /** @type {HTMLInputElement} */ (element('key')).value.trim();
    return this.#as() === 'key' && key ? { Authorization: `Bearer ${key}` } : {};
  }

  /** @returns {RequestCredentials} */
  #credentials() {
    return this.#as() === 'session' ? 'same-origin' : 'omit';
  }

  #as() {
    const form = /** @type {HTMLFormElement} */ (element('as'));
    return /** @type {keyof typeof NOTES} */ (new FormData(form).get('as'));
  }

  #change() {
    this.#describe();
    this.#onChange();
  }

  #describe() {
    const as = this.#as();
    element('key-field').hidden = as !== 'key';
    element('as-note').textContent = NOTES[as];
  }
}

/** What a page of the mesh shows to prove that it is one; undefined without a login. */
async function xsrfToken() {
  const response = await fetch(new URL('api/accounts/v1/session', ROOT), { cache: 'no-store' });
  if (!response.ok) return undefined;
  const { xsrf } = await response.json();
  return typeof xsrf === 'string' ? xsrf : undefined;
}
