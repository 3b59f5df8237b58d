import { MeshError } from '../errors/index.ts';
import type { Candidate } from './candidates.ts';
import { isStricter } from './compile-routes.ts';
import type { RouteGuard } from './types.ts';

/** A manifest that came with a registration, and the plugin's settings. */
export type Claim = Pick<Candidate, 'id' | 'manifest' | 'settings'>;

/** What a registered manifest wants beyond what is granted to it (contracts § 1.6). */
export function excesses(candidate: Claim): MeshError[] {
  const { id, manifest, settings } = candidate;
  if (!manifest) return [];
  const { aliases = [], topics = [], middleware = false, endpoints = [] } = settings.grants ?? {};
  const loosest = settings.grants?.guard ?? settings.guard ?? 'session';
  const refuse = (what: string, key: string): MeshError => refusal(id, what, key);
  return [
    ...manifest.http.aliases
      .filter((alias) => !aliases.includes(alias))
      .map((alias) => refuse(`alias '${alias}'`, 'aliases')),
    ...manifest.topics
      .filter(
        ({ pattern }) => !isOwnTopic(pattern, id) && !topics.some((granted) => covers(granted, pattern)),
      )
      .map(({ pattern }) => refuse(`topic '${pattern}'`, 'topics')),
    ...guardsOf(candidate)
      .filter((guard) => isStricter(loosest, guard))
      .map((guard) => refuse(`guard '${guard}'`, 'guard')),
    ...(manifest.middleware && !middleware ? [refuse('middleware', 'middleware')] : []),
    // Users give it credentials, so that not even a type of its own name is for free.
    ...(manifest.endpoints ?? [])
      .filter(({ type }) => !endpoints.includes(type))
      .map(({ type }) => refuse(`endpoint type '${type}'`, 'endpoints')),
  ];
}

function guardsOf({ manifest, settings }: Claim): RouteGuard[] {
  const routes = manifest?.http.routes.map(({ guard }) => guard) ?? [];
  // The configuration's guard replaces the manifest's: then that one opens nothing.
  const whole = settings.guard === undefined && manifest ? [manifest.http.guard] : [];
  return [...new Set([...whole, ...routes])];
}

function isOwnTopic(pattern: string, id: string): boolean {
  return pattern === id || pattern.startsWith(`${id}:`);
}

function covers(granted: string, pattern: string): boolean {
  return granted.endsWith('*') ? pattern.startsWith(granted.slice(0, -1)) : pattern === granted;
}

function refusal(id: string, what: string, key: string): MeshError {
  const fix = `grant it in plugmesh.toml: [plugins.${id}.grants] ${key}`;
  return new MeshError('MESH_FORBIDDEN', `the registration of '${id}' may not claim ${what}`, { fix });
}
