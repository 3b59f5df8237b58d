import { MeshError } from '../errors/index.ts';
import type { Candidate } from './candidates.ts';
import { MESH_TOPICS } from './mesh-topics.ts';

/** Who has which path, topic pattern and type of endpoint; the first one keeps it. */
export class Claims {
  readonly #owners = new Map<string, string>();

  /** Every plugin has `/api/<id>` from the start, enabled or not; the mesh has its topics. */
  constructor(ids: readonly string[]) {
    for (const { pattern } of MESH_TOPICS) this.#owners.set(topicClaim(pattern), 'mesh');
    for (const id of ids) this.#owners.set(pathClaim(`/api/${id}`), id);
  }

  /** Claims all that a plugin wants, or nothing: then every clash is returned, naming both sides. */
  claim({ id, manifest, settings }: Candidate): MeshError[] {
    const paths = [
      ...(manifest?.http.aliases ?? []),
      ...(settings.path === undefined ? [] : [settings.path]),
    ];
    const topics = (manifest?.topics ?? []).map(({ pattern }) => pattern);
    const types = (manifest?.endpoints ?? []).map(({ type }) => `endpoint type '${type}'`);
    const wanted = [...paths.map(pathClaim), ...topics.map(topicClaim), ...types];
    const problems = wanted.flatMap((claim, at) => {
      const owner = wanted.indexOf(claim) < at ? id : this.#owners.get(claim);
      return owner === undefined || (owner === id && wanted.indexOf(claim) === at)
        ? []
        : [clash(claim, id, owner)];
    });
    if (problems.length === 0) for (const claim of wanted) this.#owners.set(claim, id);
    return problems;
  }
}

// Letter case does not tell paths apart for the people who type them.
function pathClaim(path: string): string {
  return `path '${path.toLowerCase()}'`;
}

function topicClaim(pattern: string): string {
  return `topic '${pattern}'`;
}

function clash(claim: string, id: string, owner: string): MeshError {
  const message =
    owner === id ? `'${id}' claims ${claim} twice` : `'${id}' claims ${claim}, which '${owner}' already has`;
  const fix =
    owner === id ? 'take one of them out' : `change one of the two; until then '${id}' is not served`;
  return new MeshError('MESH_MANIFEST_CLASH', message, { fix });
}
