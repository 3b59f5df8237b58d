import { randomBytes } from 'node:crypto';
import type { Target } from '../outbound/target.ts';
import type { Cipher } from '../secrets/cipher.ts';
import type { ReachRecords } from '../store/reach-records.ts';

/** What a plugin may ask during a callout: whatever is below this URL, with these headers. */
export interface Reachable {
  readonly target: Target;
  /** The credential, where there is one. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A way that was opened. */
export interface OpenReach extends Reachable {
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

/** A way that ends with the callout. */
export interface Reach {
  /** `/v1/reach/<id>`, for the plugin alone. */
  readonly path: string;
  close(): Promise<void>;
}

/** What keeping ways needs. */
export interface ReachesOptions {
  readonly records: ReachRecords;
  readonly cipher: Cipher;
  /** How long a callout may take. */
  readonly lifeMs: number;
}

const ID_BYTES = 24;

/**
 * Ways by which the plugin of a type asks the external system that a callout is about, so that it needs neither TLS
 * settings nor credentials, and gets nowhere else.
 */
export class Reaches {
  readonly #options: ReachesOptions;

  constructor(options: ReachesOptions) {
    this.#options = options;
  }

  /** Opens a way for one plugin, until it is closed or the callout's time is over. */
  async open(plugin: string, reachable: Reachable): Promise<Reach> {
    const { records, cipher, lifeMs } = this.#options;
    const id = randomBytes(ID_BYTES).toString('base64url');
    const secret = cipher.seal(reachable, placeOf(id, plugin));
    await records.add({ id, plugin, secret, endsAt: Date.now() + lifeMs });
    return { path: `/v1/reach/${id}`, close: () => records.remove(id) };
  }

  /** Undefined when it is not there, has ended, or is another plugin's. */
  async find(id: string, plugin: string): Promise<OpenReach | undefined> {
    const { records, cipher } = this.#options;
    const record = await records.find(id);
    if (record?.plugin !== plugin) return undefined;
    // Written by `open` alone, for this place.
    const reachable = cipher.open(record.secret, placeOf(id, plugin)) as Reachable | undefined;
    return reachable && { ...reachable, endsAt: record.endsAt };
  }

  /** Does work with a way that is closed when it ends. */
  async during<T>(plugin: string, reachable: Reachable, work: (path: string) => Promise<T>): Promise<T> {
    const reach = await this.open(plugin, reachable);
    try {
      return await work(reach.path);
    } finally {
      await reach.close();
    }
  }
}

function placeOf(id: string, plugin: string): string[] {
  return ['reach', id, plugin];
}
