import type { Log } from '@plugmesh/shared/log';
import { type MeshDocument, parseMeshDocument } from '@plugmesh/shared/mesh-document';
import { MESH_KEY, MESH_NOTICE } from '@plugmesh/shared/protocol';
import type { RedisConnection } from '@plugmesh/shared/redis';

/** Puts the mesh document into Redis and announces it; only what is new is written. */
export class DocumentWriter {
  readonly #redis: RedisConnection;
  readonly #log: Log;
  #written: string | undefined;

  constructor(redis: RedisConnection, log: Log) {
    this.#redis = redis;
    this.#log = log;
    // The server may have come back empty.
    redis.on('close', () => this.forget());
  }

  /** Writes the next document again, also when it is the same: somebody else may have written in between. */
  forget(): void {
    this.#written = undefined;
  }

  /** Writes and announces the document. Resolves to whether it is in Redis now. */
  async write(document: MeshDocument): Promise<boolean> {
    const text = JSON.stringify(document);
    if (text === this.#written) return true;
    try {
      await this.#redis.multi().set(MESH_KEY, text).publish(MESH_NOTICE, String(document.version)).exec();
      this.#written = text;
      return true;
    } catch (error) {
      this.#log.warn({ err: error }, 'the mesh document could not be written; trying again');
      return false;
    }
  }

  /** The version that is in Redis, 0 when there is none or Redis is away. */
  async version(): Promise<number> {
    const text = await this.#redis.get(MESH_KEY).catch(() => null);
    if (text === null) return 0;
    try {
      return parseMeshDocument(text).version;
    } catch {
      return 0;
    }
  }
}
