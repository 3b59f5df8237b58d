import { ask } from '../../../page/api.js';
import { element, make } from '../../../page/dom.js';
import { field, onClick, onSubmit } from '../../../page/forms.js';

/**
 * @typedef {object} Key
 * @property {string} prefix
 * @property {string} name
 * @property {string[]} guards
 * @property {string[]} plugins
 * @property {number | null} endsAt
 * @property {number | null} lastUsedAt
 */

/** The API keys of whoever is logged in: shows, makes and revokes them. */
export class KeyList {
  async start() {
    onSubmit('key-form', 'key-problem', () => this.#create());
    await this.#show();
  }

  async #create() {
    const days = field('key-days').value;
    const { key } = await ask('POST', 'v1/keys', {
      name: field('key-name').value,
      guards: checkedGuards(),
      plugins: field('key-plugins')
        .value.split(/[\s,]+/)
        .filter(Boolean),
      days: days === '' ? null : Number(days),
    });
    element('fresh-key').textContent = key;
    element('fresh').hidden = false;
    field('key-name').value = '';
    await this.#show();
  }

  async #show() {
    /** @type {{ keys: Key[] }} */
    const { keys } = await ask('GET', 'v1/keys');
    element('keys').replaceChildren(...keys.map((key) => this.#row(key)));
    element('keys-note').textContent = keys.length === 0 ? 'You have none.' : '';
  }

  /** @param {Key} key */
  #row({ prefix, name, guards, plugins, endsAt, lastUsedAt }) {
    const revoke = make('button', { type: 'button', 'aria-label': `Revoke ${name}` }, 'Revoke');
    onClick(revoke, 'key-problem', () => this.#revoke(prefix));
    const ends = endsAt === null ? 'does not end' : `until ${day(endsAt)}`;
    return make(
      'tr',
      { 'data-key': prefix },
      make('td', {}, name, make('small', {}, make('code', {}, `pmk_${prefix}_…`), ` ${ends}`)),
      make(
        'td',
        {},
        guards.join(', '),
        make('small', {}, plugins.includes('*') ? 'everywhere' : plugins.join(', ')),
      ),
      make('td', {}, lastUsedAt === null ? 'never' : day(lastUsedAt)),
      make('td', {}, revoke),
    );
  }

  /** @param {string} prefix */
  async #revoke(prefix) {
    element('fresh').hidden = true;
    await ask('DELETE', `v1/keys/${prefix}`);
    await this.#show();
  }
}

function checkedGuards() {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (
    document.querySelectorAll('[name=guard]:checked')
  );
  return [...boxes].map(({ value }) => value);
}

/** @param {number} at */
function day(at) {
  return new Date(at).toLocaleDateString();
}
