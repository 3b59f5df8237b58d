import { MeshError, nearestName } from '@plugmesh/shared/errors';
import type { Route } from './route.ts';

/** A route and the path below its prefix. */
export interface RoutedPath {
  readonly route: Route;
  /** Starts with `/`. */
  readonly rest: string;
}

/** All routes of one mesh document: one Map look-up by the first two segments, or by a one-segment alias. */
export class RouteTable {
  readonly routes: readonly Route[];
  readonly #byPrefix: ReadonlyMap<string, Route>;

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    this.#byPrefix = new Map(routes.map((route) => [route.prefix, route]));
  }

  /** The route of a canonical path. */
  match(path: string): RoutedPath | undefined {
    const first = segmentEnd(path, 1);
    const second = segmentEnd(path, first + 1);
    return this.#at(path, second) ?? this.#at(path, first);
  }

  /** The error for a path that leads nowhere; for a plugin it names the one that was probably meant. */
  unknown(path: string): MeshError {
    const [, root, name = ''] = path.split('/');
    if (root !== 'api') return new MeshError('MESH_NOT_FOUND', `nothing is at '${path}'`);
    const names = this.routes.filter(({ kind }) => kind === 'plugin').map(({ id }) => id);
    const nearest = nearestName(name, names);
    return new MeshError('MESH_PLUGIN_UNKNOWN', `no plugin is named '${name}'`, {
      ...(nearest === undefined ? {} : { fix: `did you mean '${nearest}'?` }),
    });
  }

  #at(path: string, end: number): RoutedPath | undefined {
    const route = this.#byPrefix.get(path.slice(0, end));
    return route && { route, rest: end === path.length ? '/' : path.slice(end) };
  }
}

function segmentEnd(path: string, from: number): number {
  const slash = path.indexOf('/', from);
  return slash === -1 ? path.length : slash;
}
