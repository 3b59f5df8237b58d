import type { KnownIdentity } from '@plugmesh/shared/identity';
import type { IncomingHttpHeaders } from 'node:http';

/** Makes what somebody is told of an identity; the token in it has all of its life before it. */
export type Telling = (identity: KnownIdentity, audience: string) => Promise<IncomingHttpHeaders>;

/** Half of a token's life: whoever gets one can use it for as long again. */
const FRESH_MS = 30_000;
const MOST = 10_000;

interface Entry {
  readonly audience: string;
  readonly freshUntil: number;
  /** Once they are made; all who ask meanwhile wait for the same ones. */
  headers: Promise<IncomingHttpHeaders> | IncomingHttpHeaders;
  /** What else is told of this identity. */
  readonly siblings: Map<string, Entry>;
}

/** Identity headers by whom they mean and whom they are for: signing costs more than forwarding a request. */
export class ToldCache {
  readonly #tell: Telling;
  readonly #now: () => number;
  /** By the object that stands for somebody: a change, a role that was taken away, is another object. */
  readonly #known = new WeakMap<KnownIdentity, Map<string, Entry>>();
  readonly #oldestFirst = new Set<Entry>();

  /** `now` answers in milliseconds. */
  constructor(tell: Telling, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  /** Headers, not to be changed, with a token that is good for another half minute at least; a promise only where it has to be signed. */
  get(identity: KnownIdentity, audience: string): Promise<IncomingHttpHeaders> | IncomingHttpHeaders {
    const entry = this.#known.get(identity)?.get(audience);
    return entry && entry.freshUntil > this.#now() ? entry.headers : this.#make(identity, audience);
  }

  #make(identity: KnownIdentity, audience: string): Promise<IncomingHttpHeaders> {
    const siblings = this.#known.get(identity) ?? new Map<string, Entry>();
    this.#known.set(identity, siblings);
    const headers = this.#tell(identity, audience);
    const entry: Entry = { audience, freshUntil: this.#now() + FRESH_MS, headers, siblings };
    siblings.set(audience, entry);
    this.#oldestFirst.add(entry);
    this.#forgetOld();
    headers.then(
      (made) => (entry.headers = Object.freeze(made)),
      () => this.#forget(entry),
    );
    return headers;
  }

  #forgetOld(): void {
    for (const entry of this.#oldestFirst) {
      if (this.#oldestFirst.size <= MOST && entry.freshUntil > this.#now()) return;
      this.#forget(entry);
    }
  }

  #forget(entry: Entry): void {
    this.#oldestFirst.delete(entry);
    if (entry.siblings.get(entry.audience) === entry) entry.siblings.delete(entry.audience);
  }
}
