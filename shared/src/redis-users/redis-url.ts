import { redisPassword, type Secrets } from '../identity/index.ts';

/** Redis' own name of the user that the mesh itself is, when it starts the server. */
export const MESH_USER = 'default';

/** What the names of all plugins' Redis users begin with, and no other user's. */
export const PLUGIN_USER = 'plugmesh_';

/** The Redis user of a plugin. */
export function pluginUser(id: string): string {
  return `${PLUGIN_USER}${id}`;
}

/** The same server, for the mesh itself; only where the password follows from the secret. */
export function meshRedisUrl(url: string, secrets: Secrets): string {
  // Named, because redis-cli takes an URL without a name for one with an empty name.
  return withUser(url, MESH_USER, redisPassword(secrets, MESH_USER));
}

/** The same server and database, for a plugin. */
export function pluginRedisUrl(url: string, secrets: Secrets, id: string): string {
  return withUser(url, pluginUser(id), redisPassword(secrets, pluginUser(id)));
}

/** Neither needs escaping: ids and passwords are letters, digits, `-` and `_`. */
function withUser(url: string, name: string, password: string): string {
  const changed = new URL(url);
  changed.username = name;
  changed.password = password;
  return changed.href;
}
