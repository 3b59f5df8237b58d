import { rolesOf, type UserIdentity } from '../identity/index.ts';
import { parseApiKey } from './records.ts';

/**
 * Whether what a user came with is what it was, by its record in Redis today; null: there is none. A session keeps its roles until
 * it ends, an API key follows its owner's.
 */
export function stillHolds(user: UserIdentity, record: string | null): boolean {
  if (record === null) return false;
  if (user.key === undefined) return true;
  const key = parseApiKey(record);
  return (
    key !== undefined &&
    user.guards.every((guard) => key.guards.includes(guard)) &&
    isSameList(rolesOf(user), rolesOf({ ...user, roles: key.roles }))
  );
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
