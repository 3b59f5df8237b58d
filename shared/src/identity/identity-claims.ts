import { z } from 'zod';
import type { Identity, UserIdentity } from './identity.ts';

const userClaims = z.object({
  sub: z.string().startsWith('user:'),
  name: z.string(),
  roles: z.array(z.string()),
  guards: z.array(z.enum(['key', 'session', 'admin'])),
  sid: z.string().optional(),
  key: z.string().optional(),
});

const claimsSchema = z.union([
  userClaims,
  z.object({ sub: z.string().startsWith('key:') }),
  z.object({ sub: z.string().startsWith('plugin:'), for: userClaims.optional() }),
]);

type UserClaims = z.infer<typeof userClaims>;
type Claims = z.infer<typeof claimsSchema>;

/** What a token says of somebody. Undefined for nobody. */
export function toClaims(identity: Identity): Claims | undefined {
  switch (identity.kind) {
    case 'anonymous':
      return undefined;
    case 'user':
      return toUserClaims(identity);
    case 'key':
      return { sub: `key:${identity.id}` };
    case 'plugin': {
      const { id, actingFor } = identity;
      return { sub: `plugin:${id}`, ...(actingFor ? { for: toUserClaims(actingFor) } : {}) };
    }
  }
}

/** Whom a token's payload means, or undefined when it is none of ours. */
export function fromClaims(payload: unknown): Identity | undefined {
  const claims = claimsSchema.safeParse(payload).data;
  if (!claims) return undefined;
  if ('guards' in claims) return fromUserClaims(claims);
  const id = afterColon(claims.sub);
  if (claims.sub.startsWith('key:')) return { kind: 'key', id };
  const user = 'for' in claims ? claims.for : undefined;
  return { kind: 'plugin', id, ...(user ? { actingFor: fromUserClaims(user) } : {}) };
}

/** The roles that count: whoever shows a key that was not made for administrators is none. */
export function rolesOf({ roles, guards }: UserIdentity): readonly string[] {
  return guards.includes('admin') ? roles : roles.filter((role) => role !== 'admin');
}

function toUserClaims(user: UserIdentity): UserClaims {
  const { id, name, guards, session, key } = user;
  return {
    sub: `user:${id}`,
    name,
    roles: [...rolesOf(user)],
    guards: [...guards],
    ...(session === undefined ? {} : { sid: session }),
    ...(key === undefined ? {} : { key }),
  };
}

function fromUserClaims({ sub, name, roles, guards, sid, key }: UserClaims): UserIdentity {
  return {
    kind: 'user',
    id: afterColon(sub),
    name,
    roles,
    guards,
    ...(sid === undefined ? {} : { session: sid }),
    ...(key === undefined ? {} : { key }),
  };
}

function afterColon(subject: string): string {
  return subject.slice(subject.indexOf(':') + 1);
}
