import type { PluginHttp } from '@plugmesh/shared/mesh-document';
import { isObject, type JsonObject } from './json.ts';

/** Where a plugin is in the mesh. */
export type Place = Pick<PluginHttp, 'prefix' | 'stripPrefix'>;

/** Path in a plugin's document → path in the mesh; undefined where it has none. */
export type Addresses = ReadonlyMap<string, string | undefined>;

/**
 * Where the paths of a document are in the mesh. They are below the prefix already when a plugin sees it and says so in any path,
 * or says so in all of them; but never when its servers say that they are relative to it.
 */
export function addressesOf(document: JsonObject, { prefix, stripPrefix }: Place): Addresses {
  const paths = Object.keys(isObject(document['paths']) ? document['paths'] : {}).filter(
    (path) => !path.startsWith('x-'),
  );
  const below = paths.filter((path) => isBelow(path, prefix));
  const isWhole = stripPrefix ? below.length === paths.length : below.length > 0;
  if (!isWhole || namesServer(document, prefix)) {
    return new Map(paths.map((path) => [path, isPlain(path) ? prefix + path : undefined]));
  }
  return new Map(paths.map((path) => [path, isPlain(path) && isBelow(path, prefix) ? path : undefined]));
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** Only a path counts, or the path of an address: a plugin does not know where the mesh is. */
function namesServer({ servers }: JsonObject, prefix: string): boolean {
  if (!Array.isArray(servers)) return false;
  return servers.some((server: unknown) => {
    const url = isObject(server) ? server['url'] : undefined;
    return typeof url === 'string' && url.replace(/\/$/, '') === prefix;
  });
}

/** Nothing that a browser would resolve to another path, perhaps another plugin's. */
function isPlain(path: string): boolean {
  if (!/^\/[^\s?#\\;]*$/.test(path)) return false;
  return path.split('/').slice(1, -1).every(isPlainSegment) && !isDots(path.split('/').at(-1) ?? '');
}

function isPlainSegment(segment: string): boolean {
  return segment !== '' && !isDots(segment);
}

function isDots(segment: string): boolean {
  const decoded = segment.replace(/%2e/gi, '.');
  return decoded === '.' || decoded === '..' || /%(?:2f|5c|3b|[01][0-9a-f]|7f)/i.test(segment);
}
