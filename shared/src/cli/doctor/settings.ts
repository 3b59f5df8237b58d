import { loadConfig, type Config } from '../../config/index.ts';
import { type MeshError, MeshProblems } from '../../errors/index.ts';
import { findManifests, type FoundManifest } from '../../manifest/index.ts';
import { buildMeshDocument } from '../../mesh-document/index.ts';
import { readOverrides } from '../../config/index.ts';
import { localPlugins, meshConfigFile, missingRequirement } from '../../processes/index.ts';
import { strangeSections } from '../strange-sections.ts';
import { fine, type Finding, findingOf, warning } from './finding.ts';

/** What the files say, as far as they can be read. */
export interface ReadSettings {
  readonly config: Config | undefined;
  readonly findings: readonly Finding[];
}

/** Reads the configuration in spite of what is wrong in it. */
export function checkConfiguration(file: string | undefined): ReadSettings {
  const problems: MeshError[] = [];
  const options = {
    ...meshConfigFile(file),
    onProblems: (found: readonly MeshError[]) => void problems.push(...found),
  };
  try {
    const config = loadConfig(options);
    const findings = problems.map((each) => findingOf('configuration', each));
    const text = `${config.file ?? 'defaults, there is no plugmesh.toml'} (${config.mode})`;
    return { config, findings: findings.length > 0 ? findings : [fine('configuration', text)] };
  } catch (error) {
    if (!(error instanceof MeshProblems)) throw error;
    return { config: undefined, findings: error.problems.map((each) => findingOf('configuration', each)) };
  }
}

/** Manifests, what they require, and sections that name none of them. */
export async function checkPlugins(config: Config, file: string | undefined): Promise<Finding[]> {
  const found = findManifests(config);
  const problems = documentProblems(config, found);
  return [
    ...problems.map((each) => findingOf('plugins', each)),
    ...strangeSections(config, found, file).map((each) => findingOf('plugins', each, 'warning')),
    ...(await requirementFindings(config, found)),
    ...(problems.length > 0 ? [] : [fine('plugins', `${found.length} manifests, all valid`)]),
  ];
}

/** All that the mesh itself would say of the files. */
function documentProblems(config: Config, found: readonly FoundManifest[]): readonly MeshError[] {
  const overrides = readOverrides(config.stateDir);
  const input = { config, found, overrides, registrations: [], ports: {}, states: {}, version: 0 };
  return buildMeshDocument(input).problems;
}

async function requirementFindings(config: Config, found: readonly FoundManifest[]): Promise<Finding[]> {
  const missing = await Promise.all(
    localPlugins(config, found).map(
      async (manifest) => [manifest.name, await missingRequirement(manifest)] as const,
    ),
  );
  return missing.flatMap(([id, text]) => {
    if (text === undefined) return [];
    const [message = text, hint = 'install it'] = text.split(/; (?=install it: |newer ones: )/);
    return warning('plugins', `${id} is skipped: ${message}`, hint);
  });
}
