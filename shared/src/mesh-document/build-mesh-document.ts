import type { ServiceAddress } from '../config/config.ts';
import { MeshError, nearestName } from '../errors/index.ts';
import { candidates, type Candidate } from './candidates.ts';
import type { DocumentInput } from './document-input.ts';
import { endpointTypesOf } from './endpoint-types.ts';
import { MESH_TOPICS } from './mesh-topics.ts';
import { refusals } from './refusals.ts';
import { toPlugin } from './to-plugin.ts';
import type { MeshDocument, MiddlewareRule, TopicRule } from './types.ts';

/** A document, and why parts of what was asked for are not in it. */
export interface BuiltDocument {
  readonly document: MeshDocument;
  readonly problems: readonly MeshError[];
}

/**
 * Builds the mesh document from files, registrations and observed states. Pure: the same input gives the same
 * document. A plugin that cannot be served is in it with state `invalid` and the reason; the others go on.
 */
export function buildMeshDocument(input: DocumentInput): BuiltDocument {
  const { config, version } = input;
  const all = candidates(input);
  const refused = refusals(all);
  const served = all.filter(({ id, disabledBecause }) => disabledBecause === undefined && !refused.has(id));
  const document: MeshDocument = {
    format: 1,
    version,
    mode: config.mode,
    control: { url: originOf(config.mesh) },
    channel: { url: originOf(config.channel) },
    plugins: all.map((candidate) => toPlugin(candidate, refused.get(candidate.id), input)),
    middleware: all
      .flatMap((each) => middlewareOf(each, refused.has(each.id), input.middleware ?? []))
      .sort(inChainOrder),
    topics: [...MESH_TOPICS, ...served.flatMap(topicsOf)],
    endpointTypes: endpointTypesOf(all, refused),
  };
  return { document, problems: [...namedInVain(input, all), ...new Set([...refused.values()].flat())] };
}

/** Where a process is reached: where its settings say, else where it listens; one for all interfaces is also on loopback. */
function originOf({ host, port, url }: ServiceAddress): string {
  if (url !== undefined) return url;
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/**
 * A refused middleware stays in the chain and fails, so that what it guards stays closed until that is put right. Of a manifest
 * that cannot be read the rules of `before` count. A plugin that has only registered may not even be allowed to be
 * middleware.
 */
function middlewareOf(candidate: Candidate, isRefused: boolean, before: readonly MiddlewareRule[]) {
  const { id, manifest, disabledBecause, isRestricted } = candidate;
  if (disabledBecause !== undefined || (isRefused && isRestricted)) return [];
  if (isRefused && !manifest) return before.filter(({ plugin }) => plugin === id);
  return manifest?.middleware ? [{ plugin: id, ...manifest.middleware }] : [];
}

function inChainOrder(a: MiddlewareRule, b: MiddlewareRule): number {
  if (a.phase !== b.phase) return a.phase === 'public' ? -1 : 1;
  return a.order - b.order || (a.plugin < b.plugin ? -1 : 1);
}

function topicsOf({ id, manifest }: Candidate): TopicRule[] {
  return (manifest?.topics ?? []).map((rule) => ({ ...rule, plugin: id }));
}

function namedInVain({ config }: DocumentInput, all: readonly Candidate[]): MeshError[] {
  const ids = all.map(({ id }) => id);
  return config.plugins
    .filter((id) => id !== '*' && !ids.includes(id))
    .map((id) => {
      const near = nearestName(id, ids);
      const fix = near === undefined ? `looked for services/${id}/plugin.json` : `did you mean '${near}'?`;
      return new MeshError('MESH_CONFIG_INVALID', `'core.plugins' names '${id}', which is not there`, {
        fix,
      });
    });
}
