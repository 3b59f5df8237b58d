import type { Config } from '../config/index.ts';
import type { Log } from '../log/index.ts';
import { parseMeshDocument, type MeshDocument } from '../mesh-document/index.ts';
import { MESH_KEY, MESH_NOTICE } from '../protocol/index.ts';
import { closeRedis, connectRedis, whenConnected, type RedisConnection } from './connect-redis.ts';
import { DocumentCopy } from './document-copy.ts';
import { Subscription } from './subscription.ts';

/** What a follower needs. */
export interface FollowerOptions {
  readonly config: Pick<Config, 'stateDir' | 'redisUrl'>;
  readonly log: Log;
  /** Another Redis than the configured one. */
  readonly redis?: { readonly url: string };
  /** Builds the document from the files, for a process that starts without Redis and without a copy. */
  readonly fallback: () => MeshDocument;
}

/** Hears of a new document, after it has become `current`. */
export type DocumentListener = (document: MeshDocument) => void;

const FIRST_WAIT_MS = 1000;
const RETRY_MS = 1000;

/**
 * Follows the mesh document: loads it at the start, on every notice and after every outage of Redis, and swaps it in
 * only when it is valid as a whole. Without Redis it goes on with the last good one, from memory or from disk.
 */
export class MeshDocumentFollower {
  readonly #options: FollowerOptions;
  readonly #copy: DocumentCopy;
  readonly #listeners = new Set<DocumentListener>();
  #current: MeshDocument | undefined;
  #text: string | undefined;
  #connection: RedisConnection | undefined;
  #subscription: Subscription | undefined;
  #loading: Promise<void> | undefined;
  #noticed = false;
  #retry: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#copy = new DocumentCopy(options.config.stateDir, options.log);
  }

  /** The newest valid document. Before `start()` it is the one from the files. */
  get current(): MeshDocument {
    return (this.#current ??= this.#options.fallback());
  }

  /** Whether changes reach us at this moment. */
  get connected(): boolean {
    return this.#subscription?.live ?? false;
  }

  /** Calls `listener` after each change, not for the document that is there already. Returns what ends that. */
  onChange(listener: DocumentListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves with a document in `current`: from Redis, or, after a second without it, from disk or files. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Stops following; `current` stays. */
  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#subscription?.stop();
    if (this.#connection) await closeRedis(this.#connection);
    await this.#loading;
    await this.#copy.flush();
    this.#listeners.clear();
  }

  async #start(): Promise<void> {
    const reached = await this.#follow();
    // A Redis that answers without a document belongs to a mesh that is just starting: its files are the truth then,
    // not the copy of an earlier run.
    if (!this.#current && !reached) await this.#useCopy();
    this.#current ??= this.#options.fallback();
  }

  /** Resolves to whether Redis was asked. */
  async #follow(): Promise<boolean> {
    const url = this.#options.redis?.url ?? this.#options.config.redisUrl;
    if (url === undefined) return false;
    const { log } = this.#options;
    this.#connection = connectRedis(url, { name: 'mesh-document', log, queue: false });
    // Subscribed first, loaded second: a change between the two is noticed.
    this.#subscription = new Subscription({
      redisUrl: url,
      name: 'mesh-notices',
      log,
      channels: [MESH_NOTICE],
      onMessage: () => void this.#load(),
      onLive: () => void this.#load(),
    });
    const live = await this.#subscription.start();
    if (live) await this.#load();
    return live;
  }

  /** One load at a time; a notice during a load leads to exactly one more, so that an older text never wins. */
  #load(): Promise<void> {
    this.#noticed = true;
    this.#loading ??= this.#loadWhileNoticed().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #loadWhileNoticed(): Promise<void> {
    const connection = this.#connection;
    while (this.#noticed && connection) {
      this.#noticed = false;
      try {
        // Of the two connections, the one with the notices may be there first.
        await whenConnected(connection, FIRST_WAIT_MS);
        const text = await connection.get(MESH_KEY);
        if (typeof text === 'string') this.#offer(text);
      } catch (error) {
        this.#options.log.warn({ err: error }, 'the mesh document could not be loaded; trying again');
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => void (this.connected && this.#load()), RETRY_MS).unref();
      }
    }
  }

  /** Swaps a document in when it holds together; otherwise the one in use stays. */
  #offer(text: string): void {
    if (text === this.#text) return;
    let document: MeshDocument;
    try {
      document = parseMeshDocument(text);
    } catch (error) {
      this.#options.log.error(
        { err: error },
        'the new mesh document is not valid; going on with the last one',
      );
      return;
    }
    this.#text = text;
    this.#current = document;
    this.#copy.write(text);
    this.#tell(document);
  }

  async #useCopy(): Promise<void> {
    const text = await this.#copy.read();
    if (text === undefined) return;
    try {
      this.#current = parseMeshDocument(text);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the copy of the mesh document on disk is not valid');
    }
  }

  #tell(document: MeshDocument): void {
    for (const listener of this.#listeners) {
      try {
        listener(document);
      } catch (error) {
        this.#options.log.error({ err: error }, 'a listener failed on a new mesh document');
      }
    }
  }
}
