import { MeshError, type Log } from '@plugmesh/sdk';
import { LRUCache } from 'lru-cache';
import { renew } from '../outbound/oauth2.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Caller } from '../callers.ts';
import type { Usable } from '../connections/connections.ts';
import type { UsableConnections } from './parts.ts';

/** What renewing needs. */
export interface RenewalParts {
  readonly outbound: Outbound;
  readonly connections: UsableConnections;
  readonly log: Log;
}

/** A token is renewed so long before its end that a request still gets there with it. */
const EARLY_MS = 5000;
/** A token that is refused right after it was renewed is not renewed again: it is not its age. */
const FRESH_MS = 30_000;
const MOST_FRESH = 1000;

/** Renews credentials, each once at a time however many requests want it. */
export class Renewals {
  readonly #parts: RenewalParts;
  readonly #running = new Map<string, Promise<Usable>>();
  readonly #fresh = new LRUCache<string, true>({ max: MOST_FRESH, ttl: FRESH_MS });

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  /** A credential that has not ended, as far as is known. Rejects with MESH_ENDPOINT_EXPIRED. */
  async current(used: Usable, caller: Caller): Promise<Usable> {
    const { expiresAt = Infinity, oauth2 } = used.token;
    if (Date.now() < expiresAt - (oauth2 ? EARLY_MS : 0)) return used;
    if (!oauth2) throw expired('it has ended, and nothing renews it');
    try {
      return await this.#renew(used, caller);
    } catch (error) {
      // It was early; whoever gives tokens may be there again in time.
      if (Date.now() < expiresAt) return used;
      throw error;
    }
  }

  /** Another credential in place of one that was refused; undefined: there is none to be had, or this one is fresh. */
  async afterRefusal(used: Usable, caller: Caller): Promise<Usable | undefined> {
    if (!used.token.oauth2 || this.#fresh.has(keyOf(used, caller))) return undefined;
    return this.#renew(used, caller);
  }

  #renew(used: Usable, caller: Caller): Promise<Usable> {
    const key = keyOf(used, caller);
    const running = this.#running.get(key);
    if (running) return running;
    const renewing = this.#renewOnce(used, caller).finally(() => this.#running.delete(key));
    this.#running.set(key, renewing);
    return renewing;
  }

  async #renewOnce(used: Usable, caller: Caller): Promise<Usable> {
    const { outbound, connections, log } = this.#parts;
    const { guid } = used.endpoint;
    const key = keyOf(used, caller);
    const before = await connections.usableFor(caller, guid);
    if (keyOf(before, caller) !== key) return before;
    try {
      const renewed = await connections.renewed(used, await renew(outbound, used.endpoint, used.token));
      this.#fresh.set(keyOf(renewed, caller), true);
      return renewed;
    } catch (error) {
      if (!isRefused(error)) throw error;
      // Another process may have been quicker, with a refresh token that is good for once.
      const after = await connections.usableFor(caller, guid);
      if (keyOf(after, caller) !== key) return after;
      log.info({ endpoint: guid, reason: error.message }, 'a credential has ended');
      throw expired(error.message, error);
    }
  }
}

/** One user's credential, or everybody's, in one of its versions. */
function keyOf({ endpoint, scope, version }: Usable, { id }: Caller): string {
  return `${endpoint.guid} ${version} ${scope === 'own' ? `of ${id}` : ''}`;
}

function isRefused(error: unknown): error is MeshError {
  return error instanceof MeshError && error.code === 'MESH_ENDPOINT_CREDENTIALS';
}

function expired(why: string, cause?: Error): MeshError {
  return new MeshError(
    'MESH_ENDPOINT_EXPIRED',
    `the credential for this endpoint cannot be used any longer: ${why}`,
    {
      fix: 'connect to the endpoint again',
      ...(cause && { cause }),
    },
  );
}
