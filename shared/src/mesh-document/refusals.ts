import { MeshError, MeshProblems, nearestName } from '../errors/index.ts';
import { dependencyOrder } from '../manifest/dependency-order.ts';
import { parsePluginConfig } from '../manifest/plugin-config.ts';
import type { Candidate } from './candidates.ts';
import { Claims } from './claims.ts';
import { excesses } from './grants.ts';

/** Plugin id → why it is refused. Plugins that are not enabled are not judged. */
export type Refusals = ReadonlyMap<string, readonly MeshError[]>;

/** Judges every enabled plugin; a refused one claims nothing, so that it stands in nobody's way. */
export function refusals(all: readonly Candidate[]): Refusals {
  const enabled = all.filter(({ disabledBecause }) => disabledBecause === undefined);
  const cycles = cycleProblems(enabled);
  const claims = new Claims(all.map(({ id }) => id));
  const refused = new Map<string, readonly MeshError[]>();
  for (const candidate of enabled) {
    const own = [...ownProblems(candidate, all), ...(cycles.get(candidate.id) ?? [])];
    const problems = own.length > 0 ? own : claims.claim(candidate);
    if (problems.length > 0) refused.set(candidate.id, problems);
  }
  return refused;
}

function ownProblems(candidate: Candidate, all: readonly Candidate[]): MeshError[] {
  return [
    ...candidate.problems,
    ...(candidate.isRestricted ? excesses(candidate) : []),
    ...unknownDependencies(candidate, all),
    ...configProblems(candidate),
  ];
}

function unknownDependencies({ id, manifest }: Candidate, all: readonly Candidate[]): MeshError[] {
  const ids = all.map((each) => each.id);
  const unknown = (manifest?.dependsOn ?? []).filter((dependency) => !ids.includes(dependency));
  return unknown.map((dependency) => {
    const near = nearestName(dependency, ids);
    const fix = near === undefined ? `known plugins: ${ids.join(', ')}` : `did you mean '${near}'?`;
    return new MeshError(
      'MESH_MANIFEST_INVALID',
      `'${id}' depends on '${dependency}', which is not a plugin`,
      { fix },
    );
  });
}

function configProblems({ manifest, settings }: Candidate): readonly MeshError[] {
  if (!manifest) return [];
  try {
    parsePluginConfig(manifest, settings.config);
    return [];
  } catch (error) {
    if (error instanceof MeshProblems) return error.problems;
    throw error;
  }
}

function cycleProblems(enabled: readonly Candidate[]): Map<string, MeshError[]> {
  const problems = new Map<string, MeshError[]>();
  for (const cycle of dependencyOrder(enabled.flatMap(({ manifest }) => manifest ?? [])).cycles) {
    const message = `plugins depend on one another in a circle: ${cycle.join(' → ')}`;
    const error = new MeshError('MESH_DEPENDENCY_CYCLE', message, {
      fix: "take one of them out of 'dependsOn'",
    });
    for (const id of cycle.slice(1)) problems.set(id, [...(problems.get(id) ?? []), error]);
  }
  return problems;
}
