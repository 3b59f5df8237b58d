import type { RedisConnection } from '../../redis/connect-redis.ts';

/** How far a plugin has heard the events of its endpoints; with Redis, so far that its next process goes on there. */
export class EventCursor {
  readonly #redis: RedisConnection | undefined;
  readonly #key: string;
  #value: string | undefined;
  #isSaved = true;

  constructor(redis: RedisConnection | undefined, plugin: string) {
    this.#redis = redis;
    this.#key = `${plugin}:endpoints:cursor`;
  }

  /** Undefined: it has never heard anything. Rejects while Redis is away. */
  async read(): Promise<string | undefined> {
    if (!this.#isSaved) await this.#save();
    this.#value ??= (await this.#redis?.get(this.#key)) ?? undefined;
    return this.#value;
  }

  /** Moves on; rejects while Redis is away, and is moved nevertheless. */
  async move(value: string): Promise<void> {
    if (value === this.#value) return;
    this.#value = value;
    this.#isSaved = false;
    await this.#save();
  }

  async #save(): Promise<void> {
    await this.#redis?.set(this.#key, this.#value ?? '');
    this.#isSaved = true;
  }
}
