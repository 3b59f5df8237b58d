import { apiKeyPrefix } from '@plugmesh/shared/access';
import { bearerToken, verifyOperatorToken, verifyPluginToken, type Secrets } from '@plugmesh/shared/identity';
import type { Step, Visit } from '../visit.ts';
import { createPluginCallers, type Caller } from './caller.ts';
import type { ConfiguredKeys } from './configured-keys.ts';
import { sessionIdOf } from './session-cookie.ts';

/** What a client brought to say who it is. */
export type Credentials =
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'api-key'; readonly prefix: string; readonly key: string }
  /** A plugin's token or a key of the configuration: whose it is was seen at once. */
  | { readonly kind: 'known'; readonly caller: Caller }
  /** Meant as ours, and certainly nobody's. */
  | { readonly kind: 'invalid' };

/** What credentials are read with. */
export interface CredentialParts {
  readonly secrets: Secrets;
  readonly keys: ConfiguredKeys;
  /** Whether keys may come as `apikey` in the query. */
  readonly inQuery: boolean;
}

interface Reading extends CredentialParts {
  readonly pluginCaller: (id: string) => Caller;
}

const INVALID: Credentials = { kind: 'invalid' };
const QUERY_KEY = /(?<=[?&])apikey=([^&]*)(?:&|$)/g;

/**
 * The step that reads the credentials off a request and takes them away, so that nothing behind it can pass them on.
 * Keys and tokens count before the cookie: they are sent on purpose.
 */
export function createCredentialsStep(given: CredentialParts): Step {
  const parts = { ...given, pluginCaller: createPluginCallers() };
  return (visit) => {
    const { req, origin } = visit;
    const fromQuery = parts.inQuery && visit.target.query !== '' ? takeFromQuery(visit, parts) : undefined;
    visit.credentials =
      takeFromHeaders(visit, parts) ?? fromQuery ?? sessionOf(req.headers.cookie, origin.proto);
    dropMisplaced(visit, parts);
    return undefined;
  };
}

function takeFromHeaders(visit: Visit, parts: Reading): Credentials | undefined {
  const { headers } = visit.req;
  const { authorization, 'x-api-key': key } = headers;
  const token = authorization === undefined ? undefined : bearerToken(authorization);
  const fromToken = token === undefined ? undefined : readToken(token, visit, parts);
  const fromKey = typeof key === 'string' ? readKey(key, visit, parts) : undefined;
  if (fromKey) delete headers['x-api-key'];
  if (fromToken && isTaken(fromToken, visit)) delete headers.authorization;
  return fromToken ?? fromKey;
}

/** What is ours and stands where or how it does not count: plugins must not see it all the same. */
function dropMisplaced({ req: { headers }, route }: Visit, { secrets, inQuery }: Reading): void {
  if (route.kind !== 'plugin') return;
  const { authorization, 'x-api-key': key } = headers;
  if (authorization !== undefined && holdsOurs(authorization, secrets)) delete headers.authorization;
  if (key !== undefined && holdsOurs(String(key), secrets)) delete headers['x-api-key'];
  // A page whose own address has a key names it in all that it asks for.
  if (inQuery && headers.referer?.includes('apikey=') === true) delete headers.referer;
}

function holdsOurs(text: string, secrets: Secrets): boolean {
  const words = text.split(/[\s,]+/);
  return words.some(
    (word) =>
      apiKeyPrefix(word) !== undefined ||
      verifyOperatorToken(secrets, word) ||
      verifyPluginToken(secrets, word) !== undefined,
  );
}

/** The mesh's own services check tokens of processes themselves. */
function isTaken(credentials: Credentials, { route }: Visit): boolean {
  const isToken = credentials.kind === 'known' && credentials.caller.identity.kind !== 'key';
  return route.kind === 'plugin' || !isToken;
}

function readToken(token: string, visit: Visit, parts: Reading): Credentials | undefined {
  const key = readKey(token, visit, parts);
  if (key) return key;
  const plugin = verifyPluginToken(parts.secrets, token);
  if (plugin !== undefined) return { kind: 'known', caller: parts.pluginCaller(plugin) };
  // The operator is no user: the token opens the mesh's own services, and plugins must not see it.
  if (visit.route.kind === 'plugin' && verifyOperatorToken(parts.secrets, token)) return INVALID;
  return undefined;
}

/** Read as a key of a user's by its looks; whether there is such a key is another question. */
export function userKeyOf(text: string): Credentials | undefined {
  const prefix = apiKeyPrefix(text);
  return prefix === undefined ? undefined : { kind: 'api-key', prefix, key: text };
}

function readKey(text: string, { route }: Visit, { keys }: Reading): Credentials | undefined {
  const userKey = userKeyOf(text);
  if (userKey) return userKey;
  const caller = keys.find(text, route.id);
  return caller && { kind: 'known', caller };
}

/** Taken away whatever it says: with this setting the parameter is the mesh's. */
function takeFromQuery(visit: Visit, parts: Reading): Credentials | undefined {
  const { path, query } = visit.target;
  const values = [...query.matchAll(QUERY_KEY)].map(([, value = '']) => decode(value));
  if (values.length === 0) return undefined;
  const left = query.replace(QUERY_KEY, '').replace(/[?&]$/, '');
  visit.target = { path, query: left };
  const [text = ''] = values;
  return (values.length === 1 ? readKey(text, visit, parts) : undefined) ?? INVALID;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** The session that a `Cookie` header names. */
export function sessionOf(cookie: string | undefined, proto: string): Credentials | undefined {
  const id = sessionIdOf(cookie, proto);
  if (id === undefined) return undefined;
  return id === '' ? INVALID : { kind: 'session', id };
}
