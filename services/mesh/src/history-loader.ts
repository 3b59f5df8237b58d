import { HISTORY_LIBRARY, historyLibrary } from '@plugmesh/shared/history';
import type { Log } from '@plugmesh/shared/log';
import type { TopicRule } from '@plugmesh/shared/mesh-document';
import type { RedisConnection } from '@plugmesh/shared/redis';

/** How often it is looked whether the library is still there, although nothing seems to have happened. */
const LOOK_MS = 2000;

/** Keeps the library that publishes to durable topics in Redis, with the rules of the mesh document. */
export class HistoryLoader {
  readonly #redis: RedisConnection;
  readonly #log: Log;
  #loaded: string | undefined;
  #lookedAt = 0;
  #problem: string | undefined;

  constructor(redis: RedisConnection, log: Log) {
    this.#redis = redis;
    this.#log = log;
    // The server may have come back without it.
    redis.on('close', () => (this.#loaded = undefined));
  }

  /** Loads the library when these rules, or what Redis has, ask for it. Never rejects: the next round tries again. */
  async load(rules: readonly TopicRule[]): Promise<void> {
    const text = historyLibrary(rules);
    const isDue = performance.now() - this.#lookedAt > LOOK_MS;
    if (text === this.#loaded && !isDue) return;
    try {
      if (!(await this.#isThere(text))) await this.#redis.call('FUNCTION', 'LOAD', 'REPLACE', text);
      this.#loaded = text;
      this.#lookedAt = performance.now();
      this.#problem = undefined;
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error));
    }
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
