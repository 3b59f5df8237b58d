import {
  loadConfig,
  processEnvironment,
  readOverrides,
  type Config,
  type LoadOptions,
} from '../config/index.ts';
import { buildMeshDocument, type MeshDocument } from '../mesh-document/index.ts';
import { findManifests, type FoundManifest, type Manifest } from '../manifest/index.ts';
import { dirname, resolve } from 'node:path';
import { HOME, meshProcesses } from './mesh-processes.ts';
import { pm2App, type Pm2App } from './pm2-app.ts';
import { meshPorts, readPorts } from './ports.ts';
import { START_VARIABLE } from './pm2.ts';
import { preparation } from './preparation.ts';

/** The configuration that `plugmesh` and `ecosystem.config.js` use wherever they are called from. */
export function loadMeshConfig(file?: string): Config {
  return loadConfig(meshConfigFile(file));
}

/** Which file that is. */
export function meshConfigFile(file?: string): LoadOptions {
  const named = file ?? processEnvironment()['PLUGMESH_FILE'];
  // A name is meant from where the command was called; without one, the file beside plugmesh itself.
  return named === undefined || named === '' ? { cwd: HOME } : { file: resolve(named) };
}

/** The folder of that configuration, which has `services/` in it. */
export function meshRoot(file?: string): string {
  const named = file ?? processEnvironment()['PLUGMESH_FILE'];
  return named === undefined || named === '' ? HOME : dirname(resolve(named));
}

/**
 * pm2's app list: plain `pm2 start ecosystem.config.js` runs the same mesh as `plugmesh up`. When mesh calls pm2, it
 * names the processes that are meant in PLUGMESH_START.
 */
export function ecosystem(config: Config = loadMeshConfig()): { readonly apps: readonly Pm2App[] } {
  const found = findManifests(config);
  const local = localPlugins(config, found);
  const named = processEnvironment()[START_VARIABLE]?.split(',');
  // mesh has given them out already, and may be writing the next ones.
  const ports = named ? readPorts(config) : meshPorts(config, found);
  const processes = named
    ? meshProcesses(config, local, ports).filter(({ name }) => named.includes(name))
    : meshProcesses(
        config,
        local.filter((manifest) => startsByItself(config, manifest)),
        ports,
      );
  return { apps: processes.map((process) => pm2App(process, config)) };
}

/** Plugins that wait for others, or for their setup, are started by mesh when it is their turn. */
function startsByItself(config: Config, manifest: Manifest): boolean {
  return manifest.dependsOn.length === 0 && preparation(config, manifest).state === 'prepared';
}

/** The manifests of the enabled plugins that this host runs. */
export function localPlugins(config: Config, found: readonly FoundManifest[]): Manifest[] {
  const { document } = buildMeshDocument({
    config,
    found,
    registrations: [],
    ports: {},
    states: {},
    overrides: readOverrides(config.stateDir),
    version: 0,
  });
  return localManifests(document, found);
}

/** The manifests of the plugins that a document takes for enabled and for run by plugmesh. */
export function localManifests({ plugins }: MeshDocument, found: readonly FoundManifest[]): Manifest[] {
  const runs = new Set(
    plugins
      .filter(({ enabled, state, source }) => enabled && state !== 'invalid' && source === 'manifest')
      .map(({ id }) => id),
  );
  return found.flatMap(({ id, manifest }) =>
    manifest && runs.has(id) && manifest.run.length > 0 ? manifest : [],
  );
}
