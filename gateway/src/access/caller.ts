import type { ApiKeyRecord, SessionRecord } from '@plugmesh/shared/access';
import {
  opens,
  type ClosedGuard,
  type KeyIdentity,
  type PluginIdentity,
  type UserIdentity,
} from '@plugmesh/shared/identity';
import { letsPlugin } from '@plugmesh/shared/mesh-document';
import type { Permission } from '../routes/route.ts';

/** Somebody whose credentials are valid, and where they count. */
export interface Caller {
  readonly identity: UserIdentity | KeyIdentity | PluginIdentity;
  /** Ids of plugins and services; `*`: all. */
  readonly plugins: readonly string[];
}

const ADMIN = 'admin';
const EVERYWHERE: readonly string[] = ['*'];

/** Whoever came with a session. */
export function sessionCaller(hash: string, { user, name, roles }: SessionRecord): Caller {
  const guards = closedTo(roles, ['key', 'session', 'admin']);
  return { identity: { kind: 'user', id: user, name, roles, guards, session: hash }, plugins: EVERYWHERE };
}

/** Whoever came with an API key of a user's. */
export function apiKeyCaller(prefix: string, record: ApiKeyRecord): Caller {
  const { user, name, roles, plugins } = record;
  const guards = closedTo(roles, record.guards);
  return { identity: { kind: 'user', id: user, name, roles, guards, key: prefix }, plugins };
}

/** Whoever came with a key that stands in the configuration: of `gateway`, or of a plugin. */
export function configuredKeyCaller(id: string): Caller {
  return { identity: { kind: 'key', id }, plugins: id === 'gateway' ? EVERYWHERE : [id] };
}

/**
 * Finds plugins that came with their own tokens, by verified id; the routes that name one let it in. Always the same object:
 * what is told of somebody is kept by it.
 */
export function createPluginCallers(): (id: string) => Caller {
  const callers = new Map<string, Caller>();
  return (id) => {
    let caller = callers.get(id);
    if (!caller) callers.set(id, (caller = { identity: { kind: 'plugin', id }, plugins: EVERYWHERE }));
    return caller;
  };
}

/** Whether what somebody came with counts at the visited plugin or service at all. */
export function countsAt(
  { plugins }: Caller,
  { route }: { readonly route: { readonly id: string } },
): boolean {
  return plugins.includes('*') || plugins.includes(route.id);
}

/** Whether somebody whose credentials count here may pass the guard of this route. */
export function mayPass({ identity }: Caller, { permission }: { readonly permission: Permission }): boolean {
  const { guard } = permission;
  if (guard === 'public') return true;
  if (identity.kind === 'plugin') return letsPlugin(permission, identity.id);
  return guard !== 'none' && opens(identity, guard);
}

/** Roles are compared exactly: neither `Admin` nor `administrator` is one. */
function closedTo(roles: readonly string[], guards: readonly ClosedGuard[]): readonly ClosedGuard[] {
  return guards.filter((guard) => guard !== 'admin' || roles.includes(ADMIN));
}
