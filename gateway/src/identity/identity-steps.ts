import { IDENTITY_HEADER, rolesOf, type Identity, type IdentityTokens } from '@plugmesh/shared/identity';
import type { IncomingHttpHeaders } from 'node:http';
import type { Visit } from '../visit.ts';
import { TokenCache } from './token-cache.ts';

/** What only this module says to an instance, in whatever spelling a framework would read it. */
const OURS = /^x-plugmesh-(?:user|roles|plugin|identity)$/;

/** Tells instances who is behind a request (contracts § 1.4). Clients' own words were not copied in the first place. */
export class IdentitySteps {
  readonly #tokens: IdentityTokens;
  readonly #cache: TokenCache;

  constructor(tokens: IdentityTokens) {
    this.#tokens = tokens;
    this.#cache = new TokenCache(tokens);
  }

  /**
   * A plugin that passes on the identity token which it was given calls for that user (contracts § 1.8). Throws for a
   * token that does not count: what was meant for a user must not be done for nobody.
   */
  readonly actFor = (visit: Visit): Promise<void> | undefined => {
    const { identity, req } = visit;
    const token = req.headers[IDENTITY_HEADER];
    if (identity.kind !== 'plugin' || token === undefined) return undefined;
    return this.#tokens.verify(String(token), identity.id).then((passedOn) => {
      const user = passedOn.kind === 'plugin' ? passedOn.actingFor : passedOn;
      if (user?.kind === 'user') visit.identity = { ...identity, actingFor: user };
    });
  };

  /** The last step: what earlier ones put under these names, middleware for one, does not count. */
  readonly tell = (visit: Visit): Promise<void> | undefined => {
    dropOurs(visit.forInstance);
    const told = this.headersFor(visit.identity, visit.route.id);
    if (told === undefined) return undefined;
    const add = (headers: IncomingHttpHeaders): void => {
      visit.forInstance = { ...visit.forInstance, ...headers };
    };
    if (told instanceof Promise) return told.then(add);
    add(told);
    return undefined;
  };

  /** What to say to a plugin or service about somebody; undefined: nothing, because nobody is known. */
  headersFor(
    identity: Identity,
    audience: string,
  ): Promise<IncomingHttpHeaders> | IncomingHttpHeaders | undefined {
    if (identity.kind === 'anonymous') return undefined;
    const token = this.#cache.get(identity, audience);
    const plain = plainHeaders(identity);
    if (typeof token === 'string') return { ...plain, [IDENTITY_HEADER]: token };
    return token.then((signed) => ({ ...plain, [IDENTITY_HEADER]: signed }));
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
