import type { ClosedGuard, UserIdentity } from '../../identity/index.ts';

/** A user who is logged in, for `as` of a request; the role `admin` makes an administrator. */
export function testUser(name: string, ...roles: string[]): UserIdentity {
  const guards: ClosedGuard[] = roles.includes('admin') ? ['key', 'session', 'admin'] : ['key', 'session'];
  return { kind: 'user', id: name, name, roles, guards };
}
