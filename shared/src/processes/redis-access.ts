import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { loadSecrets, redisPasswords, type Secrets } from '../identity/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { MESH_TOPICS } from '../mesh-document/index.ts';
import {
  MESH_USER,
  meshRedisUrl,
  passwordHash,
  pluginRedisUrl,
  pluginRights,
  pluginUser,
} from '../redis-users/index.ts';
import type { Ports } from './ports.ts';
import { readState, writeState } from './state-file.ts';

/** Where this mesh's Redis is, and as whom mesh, gateway and channel use it. */
export function redisUrlOf(config: Config, ports: Ports): string {
  return config.redisUrl ?? meshRedisUrl(`redis://127.0.0.1:${ports.redis}`, loadSecrets(config));
}

/** The same for a plugin: as its own user, unless the server has refused to make users. */
export function redisUrlOfPlugin(config: Config, ports: Ports, id: string): string {
  const url = redisUrlOf(config, ports);
  return usersRefused(config) === undefined ? pluginRedisUrl(url, loadSecrets(config), id) : url;
}

/**
 * Options of the private Redis: nobody gets in without a password, which nobody can read in the list of processes. Plugins
 * have their users from the beginning, so that none has to wait for mesh, which then completes their rights.
 */
export function privateRedisUsers(
  config: Config,
  manifests: readonly Manifest[],
  secrets: Secrets,
): string[] {
  const hashes = redisPasswords(secrets, MESH_USER).map((password) => `#${passwordHash(password)}`);
  const users = manifests.map(({ name, topics }) => [
    pluginUser(name),
    ...pluginRights(name, { config, secrets, topics: [...MESH_TOPICS, ...topics] }),
  ]);
  return [[MESH_USER, 'on', '~*', '&*', '+@all', ...hashes], ...users].flatMap((user) => ['--user', ...user]);
}

/** Why the server makes no users, as mesh has last heard from it. */
export function usersRefused(config: Pick<Config, 'stateDir'>): string | undefined {
  const { refused } = Object(readState(refusalFile(config))) as { refused?: unknown };
  return typeof refused === 'string' ? refused : undefined;
}

/** Remembers that, for whoever starts plugins; undefined: it does make them. */
export function rememberUsersRefused(config: Pick<Config, 'stateDir'>, refused: string | undefined): void {
  if (refused === undefined) rmSync(refusalFile(config), { force: true });
  else writeState(refusalFile(config), { refused });
}

function refusalFile({ stateDir }: Pick<Config, 'stateDir'>): string {
  return join(stateDir, 'redis-users.json');
}
