import { sessionCookieName } from '@plugmesh/shared/access';

const PLAIN = sessionCookieName('http');
const SECURE = sessionCookieName('https');
const SESSION_ID = /^[\w-]{43}$/;

/**
 * The session id in a `Cookie` header; `''` for a session cookie that is none of ours, undefined for no such cookie.
 * By https only the name counts that no other host and no http page can set (RFC 6265bis § 4.1.3.2). Of several with one
 * name none counts: who put the second one there is not known.
 */
export function sessionIdOf(cookie: string | undefined, proto: string): string | undefined {
  if (cookie === undefined || !cookie.includes(PLAIN)) return undefined;
  const name = sessionCookieName(proto);
  const values = cookie.split(';').flatMap((pair) => valueOf(pair, name));
  if (values.length === 0) return undefined;
  const [id = ''] = values;
  return values.length === 1 && SESSION_ID.test(id) ? id : '';
}

/** Whether a `Set-Cookie` line sets the session's cookie. */
export function setsSession(line: string): boolean {
  return line.startsWith(`${PLAIN}=`) || line.startsWith(`${SECURE}=`);
}

function valueOf(pair: string, name: string): string[] {
  const trimmed = pair.trim();
  return trimmed.startsWith(`${name}=`) ? [trimmed.slice(name.length + 1)] : [];
}
