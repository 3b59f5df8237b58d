import { isMac, mac } from './mac.ts';
import type { Secrets } from './secrets.ts';

/** `PLUGMESH_TOKEN` of a plugin: `<id>.<MAC of the id>`. */
export function pluginToken(secrets: Secrets, id: string): string {
  return `${id}.${mac(secrets[0].pluginToken, id)}`;
}

/** The id of the plugin that holds this token, or undefined when it is nobody's. */
export function verifyPluginToken(secrets: Secrets, token: string): string | undefined {
  // Neither ids nor base64url contain a dot.
  const [id = '', signature = '', ...rest] = token.split('.');
  if (id === '' || rest.length > 0) return undefined;
  const keys = secrets.map((each) => each.pluginToken);
  return isMac(keys, id, signature) ? id : undefined;
}

/** The password of one of our Redis users. */
export function redisPassword(secrets: Secrets, user: string): string {
  return mac(secrets[0].redisPassword, user);
}

/** Its passwords of all secrets, the newest first: while the secret is changed, each of them opens. */
export function redisPasswords(secrets: Secrets, user: string): string[] {
  return secrets.map((keys) => mac(keys.redisPassword, user));
}

/** What operates the mesh without being a user, and what its own processes show each other: `operator.<MAC>`. */
export function operatorToken(secrets: Secrets): string {
  return `operator.${mac(secrets[0].operatorToken, 'operator')}`;
}

/** Whether this is the operator's token. */
export function verifyOperatorToken(secrets: Secrets, token: string): boolean {
  if (!token.startsWith('operator.')) return false;
  const keys = secrets.map((each) => each.operatorToken);
  return isMac(keys, 'operator', token.slice('operator.'.length));
}

/** Whether an `Authorization` header shows the operator's token. */
export function isOperator(secrets: Secrets, authorization: string | undefined): boolean {
  const token = bearerToken(authorization);
  return token !== undefined && verifyOperatorToken(secrets, token);
}

/** The token of an `Authorization: Bearer …` header (RFC 6750 § 2.1), or undefined. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
}
