import {
  IDENTITY_HEADER,
  rolesOf,
  type Identity,
  type IdentityTokens,
  type PluginIdentity,
} from '@plugmesh/shared/identity';
import { LRUCache } from 'lru-cache';
import type { IncomingHttpHeaders } from 'node:http';
import type { Visit } from '../visit.ts';
import { ToldCache } from './told-cache.ts';

/** What only this module says to an instance, in whatever spelling a framework would read it. */
const OURS = /^x-plugmesh-(?:user|roles|plugin|identity)$/;

/** Tells instances who is behind a request (contracts § 1.4). Clients' own words were not copied in the first place. */
export class IdentitySteps {
  readonly #tokens: IdentityTokens;
  readonly #told: ToldCache;
  /** By plugin and passed-on token, so that many calls with one verify it, and are told of, once. */
  readonly #acting = new LRUCache<string, PluginIdentity>({ max: 1000 });

  constructor(tokens: IdentityTokens) {
    this.#tokens = tokens;
    this.#told = new ToldCache(async (identity, audience) => ({
      ...plainHeaders(identity),
      [IDENTITY_HEADER]: await tokens.sign(identity, audience),
    }));
  }

  /**
   * A plugin that passes on the identity token which it was given calls for that user (contracts § 1.8). Throws for a
   * token that does not count: what was meant for a user must not be done for nobody. What is told of it ends with the
   * token, or plugins could renew it among themselves.
   */
  readonly actFor = (visit: Visit): Promise<void> | undefined => {
    const { identity, req } = visit;
    const token = req.headers[IDENTITY_HEADER];
    if (identity.kind !== 'plugin' || token === undefined) return undefined;
    const name = `${identity.id} ${String(token)}`;
    const known = this.#acting.get(name);
    if (known && (known.until ?? 0) * 1000 > Date.now()) {
      visit.identity = known;
      return undefined;
    }
    return this.#tokens.read(String(token), identity.id).then(({ identity: passedOn, endsAt }) => {
      const user = passedOn.kind === 'plugin' ? passedOn.actingFor : passedOn;
      if (user?.kind !== 'user') return;
      visit.identity = { ...identity, actingFor: user, until: endsAt };
      this.#acting.set(name, visit.identity);
    });
  };

  /** The last step: what earlier ones put under these names, middleware for one, does not count. */
  readonly tell = (visit: Visit): Promise<void> | undefined => {
    dropOurs(visit.forInstance);
    const told = this.headersFor(visit.identity, visit.route.id);
    if (told === undefined) return undefined;
    const add = (headers: IncomingHttpHeaders): void => {
      visit.forInstance = visit.forInstance ? { ...visit.forInstance, ...headers } : headers;
    };
    if (told instanceof Promise) return told.then(add);
    add(told);
    return undefined;
  };

  /** What to say to a plugin or service about somebody, not to be changed; undefined: nothing, because nobody is known. */
  headersFor(
    identity: Identity,
    audience: string,
  ): Promise<IncomingHttpHeaders> | IncomingHttpHeaders | undefined {
    return identity.kind === 'anonymous' ? undefined : this.#told.get(identity, audience);
  }
}

/** For plugins that trust their network: a user, or the calling plugin and the user that it acts for. */
function plainHeaders(identity: Identity): IncomingHttpHeaders {
  const user = identity.kind === 'plugin' ? identity.actingFor : identity;
  return {
    ...(identity.kind === 'plugin' ? { 'x-plugmesh-plugin': identity.id } : {}),
    ...(user?.kind === 'user'
      ? { 'x-plugmesh-user': encode(user.id), 'x-plugmesh-roles': rolesOf(user).map(encode).join(',') }
      : {}),
  };
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function dropOurs(headers: IncomingHttpHeaders | undefined): void {
  for (const name in headers) {
    if (OURS.test(name.toLowerCase().replace(/[^a-z0-9]/g, '-'))) Reflect.deleteProperty(headers, name);
  }
}
