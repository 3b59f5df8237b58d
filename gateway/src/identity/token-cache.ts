import type { IdentityTokens, KnownIdentity } from '@plugmesh/shared/identity';

/** Half of a token's life: whoever gets one can use it for as long again. */
const FRESH_MS = 30_000;
const MOST = 10_000;

interface Entry {
  readonly freshUntil: number;
  /** The token once it is signed; all who ask meanwhile wait for the same one. */
  token: Promise<string> | string;
}

/** Identity tokens by whom they mean and whom they are for: signing costs more than forwarding a request. */
export class TokenCache {
  readonly #tokens: Pick<IdentityTokens, 'sign'>;
  readonly #now: () => number;
  /** The oldest first. */
  readonly #entries = new Map<string, Entry>();

  /** `now` answers in milliseconds. */
  constructor(tokens: Pick<IdentityTokens, 'sign'>, now: () => number = () => performance.now()) {
    this.#tokens = tokens;
    this.#now = now;
  }

  /** A token that is good for another half minute at least; a promise only where it has to be signed. */
  get(identity: KnownIdentity, audience: string): Promise<string> | string {
    // By everything that is known of somebody: a role that was taken away is never told again.
    const name = `${audience} ${JSON.stringify(identity)}`;
    const known = this.#entries.get(name);
    if (known && known.freshUntil > this.#now()) return known.token;
    return this.#sign(name, identity, audience);
  }

  #sign(name: string, identity: KnownIdentity, audience: string): Promise<string> {
    const token = this.#tokens.sign(identity, audience);
    const entry: Entry = { freshUntil: this.#now() + FRESH_MS, token };
    // Deleted first, so that it goes to the end.
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    this.#forgetOld();
    token.then(
      (text) => (entry.token = text),
      () => this.#entries.delete(name),
    );
    return token;
  }

  #forgetOld(): void {
    for (const [name, { freshUntil }] of this.#entries) {
      if (this.#entries.size <= MOST && freshUntil > this.#now()) return;
      this.#entries.delete(name);
    }
  }
}
