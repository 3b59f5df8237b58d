import type { KnownIdentity } from '@plugmesh/shared/identity';
import type { IncomingHttpHeaders } from 'node:http';

/** Makes what somebody is told of an identity; the token in it has all of its life before it. */
export type Telling = (identity: KnownIdentity, audience: string) => Promise<IncomingHttpHeaders>;

/** Half of a token's life: whoever gets one can use it for as long again. */
const FRESH_MS = 30_000;

interface Entry {
  readonly freshUntil: number;
  /** Once they are made; all who ask meanwhile wait for the same ones. */
  headers: Promise<IncomingHttpHeaders> | IncomingHttpHeaders;
}

/** Identity headers by whom they mean and whom they are for: signing costs more than forwarding a request. */
export class ToldCache {
  readonly #tell: Telling;
  readonly #now: () => number;
  /** By the object that stands for somebody: a change, a role that was taken away, is another object. */
  readonly #told = new WeakMap<KnownIdentity, Map<string, Entry>>();

  /** `now` answers in milliseconds. */
  constructor(tell: Telling, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  /** Headers, not to be changed, with a token that is good for another half minute at least; a promise only where it has to be signed. */
  get(identity: KnownIdentity, audience: string): Promise<IncomingHttpHeaders> | IncomingHttpHeaders {
    const entry = this.#told.get(identity)?.get(audience);
    return entry && entry.freshUntil > this.#now() ? entry.headers : this.#make(identity, audience);
  }

  #make(identity: KnownIdentity, audience: string): Promise<IncomingHttpHeaders> {
    const told = this.#told.get(identity) ?? new Map<string, Entry>();
    this.#told.set(identity, told);
    const headers = this.#tell(identity, audience);
    const entry: Entry = { freshUntil: this.#now() + FRESH_MS, headers };
    told.set(audience, entry);
    headers.then(
      (made) => (entry.headers = Object.freeze(made)),
      () => told.delete(audience),
    );
    return headers;
  }
}
