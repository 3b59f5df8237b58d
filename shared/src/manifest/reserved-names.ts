/** First path segments that are the mesh's own, names of its processes and of its keys in Redis; no plugin or alias may take them. */
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

/** Whether a name or the first segment of a path (`/docs`, `docs`) is the mesh's own, in any letter case. */
export function isReservedName(nameOrPath: string): boolean {
  const [first = ''] = nameOrPath.replace(/^\//, '').split('/', 1);
  return RESERVED_NAMES.has(first.toLowerCase());
}
