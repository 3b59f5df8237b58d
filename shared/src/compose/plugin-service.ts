import { existsSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { meshSettings, type Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { languageOf } from '../mesh-document/index.ts';
import { pluginStateDir } from '../processes/index.ts';
import {
  AFTER_REDIS,
  imageName,
  memoryLimit,
  NODE_IMAGE,
  nodeHealthcheck,
  PLUGIN_PORT,
  redisUrl,
  REDIS_PASSWORD,
  RUN_INIT,
  STATE_DIR,
  type Service,
} from './core-services.ts';
import { pluginUser } from '../redis-users/index.ts';
import { literal, required, withReferences } from './interpolation.ts';
import { settingsText } from './plugin-settings.ts';

/** Name of the variable with a plugin's token. */
export function tokenVariable(id: string): string {
  return `PLUGMESH_TOKEN_${inVariable(id)}`;
}

/** Name of the variable with the password of a plugin's Redis user. */
export function redisPasswordVariable(id: string): string {
  return `${REDIS_PASSWORD}_${inVariable(id)}`;
}

function inVariable(id: string): string {
  return id.toUpperCase().replaceAll('-', '_');
}

/** Why a plugin cannot be a container, or undefined when it can. */
export function obstacle(config: Config, manifest: Manifest): MeshError | undefined {
  const { name, folder } = manifest;
  const folderShown = relative(config.root, folder);
  if (!folder.startsWith(join(config.root, 'services') + sep))
    return new MeshError(
      'MESH_NOT_SUPPORTED',
      `'${name}' is left out: '${folderShown}' is not in any image`,
      {
        fix: 'move it under services/, or run it elsewhere and set its url',
      },
    );
  const runsInNodeImage = languageOf(manifest) === 'node' && manifest.setup.length === 0;
  if (hasDockerfile(manifest) || runsInNodeImage) return undefined;
  const why =
    languageOf(manifest) === 'node'
      ? 'its setup is not run in the Node image'
      : 'it needs an image of its own';
  return new MeshError('MESH_NOT_SUPPORTED', `'${name}' is left out: ${why}`, {
    fix: `write ${join(folderShown, 'Dockerfile')}, see docs/guides/deploy-compose.md`,
  });
}

/**
 * A plugin as a service: from the Dockerfile in its folder, else in the image of everything that runs in Node.
 * `others` are the plugins that are services too.
 */
export function pluginService(config: Config, manifest: Manifest, others: readonly Manifest[]): Service {
  const { instances, dependsOn, port = PLUGIN_PORT } = manifest;
  const awaited = others.filter(({ name }) => dependsOn.includes(name));
  return {
    ...(hasDockerfile(manifest) ? ownImage(config, manifest) : nodeImage(config, manifest, port)),
    environment: environmentOf(config, manifest, port),
    depends_on: {
      ...AFTER_REDIS,
      ...Object.fromEntries(awaited.map((each) => [each.name, { condition: readyCondition(each) }])),
    },
    ...(manifest.state ? { volumes: [`${manifest.name}:${STATE_DIR}`] } : {}),
    ...memoryLimit(config.pluginSettings[manifest.name]?.maxMemory),
    ...(instances === 1 ? {} : { scale: instances }),
  };
}

function ownImage({ root }: Config, { name, folder }: Manifest): Service {
  return { build: `./${relative(root, folder)}`, image: imageName(name) };
}

function nodeImage({ root }: Config, { folder, run, http }: Manifest, port: number): Service {
  return {
    ...NODE_IMAGE,
    working_dir: join('/app', relative(root, folder)),
    command: run.map(literal),
    healthcheck: nodeHealthcheck(port, http.health),
  };
}

/** Contracts § 1.3. Token and password follow from the secret, which stays with the mesh. */
function environmentOf(config: Config, manifest: Manifest, port: number): Record<string, string> {
  const { name } = manifest;
  const { gateway, pluginSettings } = config;
  const settings = pluginSettings[name];
  return {
    PORT: String(port),
    HOST: '0.0.0.0',
    PLUGMESH_PLUGIN: name,
    PLUGMESH_URL: `http://gateway:${gateway.port}`,
    PLUGMESH_PREFIX: settings?.path ?? `/api/${name}`,
    PLUGMESH_CONFIG: settingsText(manifest, settings?.config ?? {}),
    PLUGMESH_MESH: withReferences(JSON.stringify({ ...meshSettings(config), mode: 'production' })),
    PLUGMESH_TOKEN: required(tokenVariable(name), RUN_INIT),
    ...(manifest.state ? { PLUGMESH_STATE: pluginStateDir({ stateDir: STATE_DIR }, name) } : {}),
    REDIS_URL: redisUrl(pluginUser(name), redisPasswordVariable(name)),
  };
}

/** Compose refuses to wait for the health of an image that reports none. */
function readyCondition(manifest: Manifest): string {
  const reportsHealth =
    !hasDockerfile(manifest) || /^HEALTHCHECK\b/im.test(readFileSync(dockerfile(manifest), 'utf8'));
  return reportsHealth ? 'service_healthy' : 'service_started';
}

function hasDockerfile(manifest: Manifest): boolean {
  return existsSync(dockerfile(manifest));
}

function dockerfile({ folder }: Manifest): string {
  return join(folder, 'Dockerfile');
}
