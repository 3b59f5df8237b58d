import { referencesIn, type Config, type WrittenConfig } from '../config/index.ts';
import { MeshError, MeshProblems } from '../errors/index.ts';
import type { FoundManifest, Manifest } from '../manifest/index.ts';
import { buildMeshDocument } from '../mesh-document/index.ts';
import { localManifests } from '../processes/index.ts';
import { contained, coreEnvironment, coreServices, REDIS, type Service } from './core-services.ts';
import { obstacle, pluginService } from './plugin-service.ts';

const NOTHING_RUNS = { registrations: [], ports: {}, states: {}, overrides: {}, version: 0 };

/** A compose file: blocks that services share, by identity, and the services. */
export interface ComposeFile {
  readonly shared: Readonly<Record<string, Service>>;
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: readonly string[];
  /** Why plugins are not in it. */
  readonly problems: readonly MeshError[];
}

/**
 * The containers of a mesh, derived from plugmesh.toml and the manifests alone: the same on every machine. Throws
 * `MeshProblems` when a secret stands in plugmesh.toml.
 */
export function composeFile(
  { config, references }: WrittenConfig,
  found: readonly FoundManifest[],
): ComposeFile {
  const { plugins, problems } = containerPlugins(config, found);
  refuseWrittenSecrets(config, plugins);
  const environment = coreEnvironment(config, plugins, references);
  const base = contained(config);
  const services = {
    redis: REDIS,
    ...coreServices(config, environment),
    ...Object.fromEntries(plugins.map((plugin) => [plugin.name, pluginService(config, plugin, plugins)])),
  };
  return {
    shared: { contained: base, core: environment },
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [name, { '<<': base, ...service }]),
    ),
    volumes: ['redis', 'mesh', ...plugins.filter(({ state }) => state).map(({ name }) => name)],
    problems,
  };
}

/** The enabled local plugins that can be containers, and why the other ones cannot. */
export function containerPlugins(
  config: Config,
  found: readonly FoundManifest[],
): { readonly plugins: readonly Manifest[]; readonly problems: readonly MeshError[] } {
  // Settings are judged by the mesh that has their values: here they may be `${NAME}`.
  const { document, problems } = buildMeshDocument({
    ...NOTHING_RUNS,
    config,
    found: found.map(withoutSchema),
  });
  const enabled = localManifests(document, found);
  const obstacles = new Map(enabled.map((manifest) => [manifest, obstacle(config, manifest)]));
  return {
    plugins: enabled.filter((manifest) => obstacles.get(manifest) === undefined),
    problems: [...problems, ...[...obstacles.values()].filter((problem) => problem !== undefined)],
  };
}

function withoutSchema(found: FoundManifest): FoundManifest {
  if (!found.manifest) return found;
  const manifest = { ...found.manifest };
  delete manifest.config;
  return { ...found, manifest };
}

/** A secret that stands in plugmesh.toml itself must not go on into another file. */
function refuseWrittenSecrets({ pluginSettings }: Config, plugins: readonly Manifest[]): void {
  const problems = plugins.flatMap(({ name, config: schema }) => {
    const properties = Object(schema?.['properties']) as Readonly<Record<string, { writeOnly?: unknown }>>;
    return Object.entries(pluginSettings[name]?.config ?? {})
      .filter(([key, value]) => properties[key]?.writeOnly === true && referencesIn(value).length === 0)
      .map(([key]) => writtenSecret(`plugins.${name}.config.${key}`));
  });
  if (problems.length > 0) throw new MeshProblems(problems);
}

function writtenSecret(setting: string): MeshError {
  return new MeshError('MESH_CONFIG_INVALID', `'${setting}' is a secret and stands in plugmesh.toml`, {
    fix: 'put it into .env, and write "${NAME}" in its place',
  });
}
