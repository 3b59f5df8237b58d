import { hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { MeshError } from '../errors/index.ts';

/** What the mesh's one secret is used for; each has a key of its own. */
const PURPOSES = [
  'channelToken',
  'channelId',
  'pluginToken',
  'operatorToken',
  'identitySeed',
  'longPoll',
  'relay',
  'redisPassword',
] as const;

type Purpose = (typeof PURPOSES)[number];

/** The keys of one secret, 32 bytes each. */
export type Keys = Readonly<Record<Purpose, Buffer>>;

/** The keys of the mesh's secrets, the newest first: that one signs, all of them verify. */
export type Secrets = readonly [Keys, ...Keys[]];

const LEAST_LENGTH = 16;

/** The keys from `PLUGMESH_SECRET`, else from `secret` in the state folder, which is made (mode 0600) when absent. */
export function loadSecrets(config: Pick<Config, 'secrets' | 'stateDir'>): Secrets {
  const [newest, ...older] = secretTexts(config);
  return [deriveKeys(newest), ...older.map(deriveKeys)];
}

/** The secrets themselves, for whoever has to hand them on. */
export function secretTexts({
  secrets,
  stateDir,
}: Pick<Config, 'secrets' | 'stateDir'>): [string, ...string[]] {
  const [newest, ...older] = secrets;
  if (newest === undefined) return [readOrCreate(stateDir)];
  for (const secret of secrets) assertLength(secret, 'PLUGMESH_SECRET');
  return [newest, ...older];
}

/** One key per purpose (HKDF-SHA-256, RFC 5869), so that no use can reveal or replace another. */
function deriveKeys(secret: string): Keys {
  const key = (purpose: Purpose): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, 'plugmesh', `plugmesh/v1/${purpose}`, 32));
  return Object.fromEntries(PURPOSES.map((purpose) => [purpose, key(purpose)])) as Record<Purpose, Buffer>;
}

function readOrCreate(stateDir: string): string {
  const file = join(stateDir, 'secret');
  const secret = readSecret(file) ?? createSecret(stateDir, file);
  assertLength(secret, file);
  return secret;
}

function readSecret(file: string): string | undefined {
  try {
    const secret = readFileSync(file, 'utf8').trim();
    // Copied or restored files are often readable for everybody.
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Processes may start at once: whoever links first wins, complete, and all read that one. */
function createSecret(stateDir: string, file: string): string {
  mkdirSync(stateDir, { recursive: true });
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  writeFileSync(temporary, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary);
  }
  return readSecret(file) ?? '';
}

function assertLength(secret: string, where: string): void {
  if (secret.length >= LEAST_LENGTH) return;
  throw new MeshError(
    'MESH_CONFIG_INVALID',
    `a secret in '${where}' has ${secret.length} characters, at least ${LEAST_LENGTH} are needed`,
    { fix: 'make one with: openssl rand -base64 32' },
  );
}
