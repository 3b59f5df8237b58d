import {
  HISTORY_LIBRARY,
  historyLibrary,
  isStreamsName,
  mintStreamsName,
  STREAMS_KEY,
} from '@plugmesh/shared/history';
import type { Log } from '@plugmesh/shared/log';
import type { TopicRule } from '@plugmesh/shared/mesh-document';
import type { RedisConnection } from '@plugmesh/shared/redis';

/** How often it is looked whether the library is still there, although nothing seems to have happened. */
const LOOK_MS = 2000;

/** Keeps the library that publishes to durable topics in Redis, with the rules of the mesh document. */
export class HistoryLoader {
  readonly #redis: RedisConnection;
  readonly #log: Log;
  #streams: string | undefined;
  #loaded: string | undefined;
  #lookedAt = 0;
  #problem: string | undefined;

  constructor(redis: RedisConnection, log: Log) {
    this.#redis = redis;
    this.#log = log;
    // The server may have come back without it.
    redis.on('close', () => (this.#loaded = undefined));
  }

  /** The name under which the streams are kept, once it is known. */
  get streams(): string | undefined {
    return this.#streams;
  }

  /** Loads the library when these rules, or what Redis has, ask for it. Never rejects: the next round tries again. */
  async load(rules: readonly TopicRule[]): Promise<void> {
    const isDue = performance.now() - this.#lookedAt > LOOK_MS;
    if (!isDue && this.#streams !== undefined && historyLibrary(rules, this.#streams) === this.#loaded)
      return;
    try {
      this.#streams = await this.#nameStreams();
      const text = historyLibrary(rules, this.#streams);
      if (!(await this.#isThere(text))) await this.#redis.call('FUNCTION', 'LOAD', 'REPLACE', text);
      this.#loaded = text;
      this.#lookedAt = performance.now();
      this.#problem = undefined;
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error));
    }
  }

  /** The name that Redis has; one that was emptied takes the last one, or a new one. */
  async #nameStreams(): Promise<string> {
    const found = await this.#redis.get(STREAMS_KEY);
    if (found !== null && isStreamsName(found)) return found;
    const name = this.#streams ?? mintStreamsName();
    await this.#redis.set(STREAMS_KEY, name);
    return name;
  }

  async #isThere(text: string): Promise<boolean> {
    const query = ['LIBRARYNAME', HISTORY_LIBRARY, 'WITHCODE'];
    const [library] = (await this.#redis.call('FUNCTION', 'LIST', ...query)) as unknown[][];
    return library?.includes(text) ?? false;
  }

  /** Once for each problem, not every round. */
  #complain(problem: string): void {
    if (problem !== this.#problem) {
      this.#log.error(
        { reason: problem },
        'durable topics cannot be published to: they need Redis 7 or Valkey',
      );
    }
    this.#problem = problem;
  }
}
