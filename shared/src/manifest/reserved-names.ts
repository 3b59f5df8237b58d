/** First path segments that are the mesh's own, names of its processes and of its keys in Redis: no plugin's, and no alias. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  '.well-known',
  'api',
  'channel',
  'docs',
  'favicon.ico',
  'gateway',
  'healthz',
  'livez',
  'login',
  'logout',
  'mesh',
  'metrics',
  'openapi.json',
  'page',
  'plugmesh',
  'readyz',
  'redis',
  'robots.txt',
  'socket',
  'token',
  'websocket',
]);

/** Reserved as paths alone: a plugin that comes with the mesh has this name, at `/api/<name>`. */
const NAMES_OF_PLUGINS: ReadonlySet<string> = new Set(['metrics']);

/** Whether the first segment of a path (`/docs`, `docs`) is the mesh's own, in any letter case. */
export function isReservedPath(path: string): boolean {
  const [first = ''] = path.replace(/^\//, '').split('/', 1);
  return RESERVED_NAMES.has(first.toLowerCase());
}

/** Whether no plugin may have this name. */
export function isReservedName(name: string): boolean {
  return isReservedPath(name) && !NAMES_OF_PLUGINS.has(name);
}
