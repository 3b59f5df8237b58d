import { MeshError, type Log } from '@plugmesh/sdk';
import { nearestName } from '@plugmesh/shared/errors';
import { z } from 'zod';
import { endpointTypeSchema, type EndpointType } from './endpoint-type.ts';

/** How types are asked for. */
export interface TypeCatalogueOptions {
  /** Origin of the gateway. */
  readonly meshUrl: string | undefined;
  /** The plugin's own token. */
  readonly token: string | undefined;
  readonly log: Log;
}

const FRESH_MS = 1000;
const PATIENCE_MS = 5000;

const answer = z.object({ types: z.array(z.unknown()) });

/** The types that plugins provide, as `mesh` tells of them: asked for at most once a second, and by one at a time. */
export class TypeCatalogue {
  readonly #options: TypeCatalogueOptions;
  #known: readonly EndpointType[] | undefined;
  #knownAt = -Infinity;
  #asking: Promise<readonly EndpointType[]> | undefined;

  constructor(options: TypeCatalogueOptions) {
    this.#options = options;
  }

  /** All types; while `mesh` is away those that were known last. Rejects with MESH_ENDPOINT_TYPE_UNAVAILABLE when none ever were. */
  async list(): Promise<readonly EndpointType[]> {
    if (this.#known && performance.now() - this.#knownAt < FRESH_MS) return this.#known;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** A type by its name. Rejects with MESH_ENDPOINT_TYPE_UNKNOWN. */
  async get(name: string): Promise<EndpointType> {
    const types = await this.list();
    const found = types.find(({ type }) => type === name);
    if (found) return found;
    const names = types.map(({ type }) => type);
    const near = nearestName(name, names);
    throw new MeshError('MESH_ENDPOINT_TYPE_UNKNOWN', `no plugin provides the type '${name}'`, {
      fix: near === undefined ? `types are ${names.join(', ') || 'none yet'}` : `did you mean '${near}'?`,
    });
  }

  /** A type whose plugin is ready. Rejects with MESH_ENDPOINT_TYPE_UNKNOWN or MESH_ENDPOINT_TYPE_UNAVAILABLE. */
  async ready(name: string): Promise<EndpointType> {
    const type = await this.get(name);
    if (type.available) return type;
    throw unavailable(type);
  }

  async #ask(): Promise<readonly EndpointType[]> {
    try {
      this.#known = await this.#fetch();
    } catch (cause) {
      const { log } = this.#options;
      log.warn({ err: cause }, 'the types of endpoints could not be asked for');
      if (!this.#known)
        throw new MeshError(
          'MESH_ENDPOINT_TYPE_UNAVAILABLE',
          'no types are known yet: mesh does not answer',
          {
            fix: "try again; './plugmesh ps' says how the mesh is",
            cause,
          },
        );
    }
    this.#knownAt = performance.now();
    return this.#known;
  }

  async #fetch(): Promise<readonly EndpointType[]> {
    const { meshUrl, token, log } = this.#options;
    if (meshUrl === undefined || token === undefined)
      throw new MeshError('MESH_NOT_SUPPORTED', 'types need PLUGMESH_URL and PLUGMESH_TOKEN');
    const response = await fetch(new URL('/mesh/endpoint-types', meshUrl), {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    // A mesh without such a route has no types.
    if (response.status === 404) return [];
    if (!response.ok) throw new Error(`mesh answered ${response.status}`);
    return answer.parse(await response.json()).types.flatMap((entry) => {
      const parsed = endpointTypeSchema.safeParse(entry);
      if (!parsed.success) log.warn({ problem: z.prettifyError(parsed.error) }, 'a type was left out');
      return parsed.success ? [parsed.data] : [];
    });
  }
}

/** The error for a type whose plugin is not ready. */
export function unavailable({ type, plugin, reason }: EndpointType): MeshError {
  return new MeshError(
    'MESH_ENDPOINT_TYPE_UNAVAILABLE',
    `the plugin '${plugin}' of the type '${type}' is not ready${reason === undefined ? '' : `: ${reason}`}`,
    { fix: `try again; './plugmesh ps' says how '${plugin}' is` },
  );
}
