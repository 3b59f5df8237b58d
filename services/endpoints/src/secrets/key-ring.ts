import { MeshError } from '@plugmesh/sdk';
import { KeyFiles } from './key-files.ts';

/** A key of 32 bytes and what it is called. */
export interface EncryptionKey {
  readonly id: string;
  readonly key: Buffer;
}

/** The keys: the newest one encrypts, all of them decrypt. */
export interface KeyRing {
  newest(): EncryptionKey;
  find(id: string): Buffer | undefined;
  /** Makes a newer key; where keys are a setting, the first of it is the newest already. */
  add(): EncryptionKey;
  /** Forgets keys that are older than the newest, are not in use, and were given up long enough ago. */
  forget(inUse: ReadonlySet<string>): void;
}

const KEY_BYTES = 32;

/** From the setting, or from files in the state folder, which are made when there are none. */
export function openKeyRing(setting: readonly string[] | undefined, stateDir: string): KeyRing {
  return setting === undefined ? new KeyFiles(stateDir) : keysOf(setting);
}

function keysOf(setting: readonly string[]): KeyRing {
  const keys = setting.map(parseKey);
  const [newest] = keys;
  if (!newest || new Set(keys.map(({ id }) => id)).size < keys.length)
    throw new MeshError('MESH_CONFIG_INVALID', "'encryption_keys' needs keys, each with an id of its own");
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    newest: () => newest,
    find: (id) => byId.get(id),
    add: () => newest,
    // Whoever wrote them takes them out.
    forget: () => undefined,
  };
}

function parseKey(text: string, at: number): EncryptionKey {
  const colon = text.indexOf(':');
  const key = Buffer.from(text.slice(colon + 1), 'base64');
  if (colon > 0 && key.length === KEY_BYTES) return { id: text.slice(0, colon), key };
  // Not the text itself: it may be a key.
  throw new MeshError('MESH_CONFIG_INVALID', `'encryption_keys[${at}]' is not '<id>:<base64 of 32 bytes>'`, {
    fix: 'a key: echo "$(date +%Y%m%d):$(openssl rand -base64 32)"',
  });
}
