import { ask } from '../../../page/api.js';

/** Whose endpoints are: administrators see those of others, too, and may ask `accounts` for names. */
export class OwnerNames {
  /** @type {Map<string, string>} user's id → name */
  #names = new Map();

  /**
   * Finds out names that are not known yet. Never rejects: where nobody tells, an id has to do.
   * @param {import('./model.js').Answer} answer
   */
  async learn({ endpoints, you }) {
    this.#names.set(you.id, you.name);
    const unknown = endpoints.flatMap(({ owner }) =>
      owner !== null && !this.#names.has(owner) ? [owner] : [],
    );
    if (unknown.length === 0) return;
    // A user who is gone has no name any more; that is asked once.
    for (const id of unknown) this.#names.set(id, id);
    const { users = [] } = await ask('GET', '../accounts/v1/users').catch(() => ({}));
    for (const { id, name } of users) this.#names.set(String(id), String(name));
  }

  /**
   * Undefined: everybody's.
   * @param {import('./model.js').Endpoint} endpoint
   * @param {import('./model.js').You} you
   */
  nameFor({ owner }, you) {
    if (owner === null) return undefined;
    return owner === you.id ? 'yours' : `registered by ${this.#names.get(owner) ?? owner}`;
  }
}
