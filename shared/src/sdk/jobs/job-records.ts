import { MeshError } from '../../errors/index.ts';
import type { RedisConnection } from '../../redis/connect-redis.ts';
import type { JobRecord } from './job.ts';

/** Where jobs are remembered, so that any instance of the plugin can tell of them. */
export interface JobRecords {
  /** Keeps a record for so long. Resolves to whether somebody wants that job cancelled. */
  save(record: JobRecord, keepMs: number): Promise<boolean>;
  find(id: string): Promise<JobRecord | undefined>;
  /** Asks the instance that runs a job to cancel it. */
  cancel(id: string, keepMs: number): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Keeps jobs in Redis, under `<plugin>:job:<id>`; beside it, under a name that no id makes, the wish to cancel one. */
export class RedisJobRecords implements JobRecords {
  readonly #redis: RedisConnection;
  readonly #job: string;
  readonly #cancel: string;

  constructor(redis: RedisConnection, plugin: string) {
    this.#redis = redis;
    this.#job = `${plugin}:job:`;
    this.#cancel = `${plugin}:cancel-job:`;
  }

  async save(record: JobRecord, keepMs: number): Promise<boolean> {
    const { id } = record;
    const text = JSON.stringify(record);
    const saving = this.#redis
      .multi()
      .set(this.#job + id, text, 'PX', keepMs)
      .exists(this.#cancel + id);
    const [saved, wish] = (await reached(saving.exec())) ?? [];
    if (saved?.[0]) throw saved[0];
    return wish?.[1] === 1;
  }

  async find(id: string): Promise<JobRecord | undefined> {
    const text = await reached(this.#redis.get(this.#job + id));
    // Nobody but this plugin writes under its own name.
    return text === null ? undefined : (JSON.parse(text) as JobRecord);
  }

  async cancel(id: string, keepMs: number): Promise<void> {
    await reached(this.#redis.set(this.#cancel + id, '1', 'PX', keepMs));
  }

  async remove(id: string): Promise<void> {
    await reached(this.#redis.del(this.#job + id, this.#cancel + id));
  }
}

async function reached<Result>(answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (cause) {
    throw new MeshError('MESH_REDIS_UNAVAILABLE', 'jobs are kept in Redis, which cannot be reached', {
      cause,
    });
  }
}

/** Where a process without Redis stops to remember: the oldest are forgotten. */
const MOST_RECORDS = 10_000;

/** Keeps jobs in this process, for a plugin without Redis. */
export class MemoryJobRecords implements JobRecords {
  readonly #now: () => number;
  readonly #records = new Map<string, { readonly record: JobRecord; readonly until: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  save(record: JobRecord, keepMs: number): Promise<boolean> {
    this.#records.delete(record.id);
    this.#records.set(record.id, { record, until: this.#now() + keepMs });
    const [oldest] = this.#records.keys();
    if (this.#records.size > MOST_RECORDS && oldest !== undefined) this.#records.delete(oldest);
    // One that runs here is cancelled here.
    return Promise.resolve(false);
  }

  find(id: string): Promise<JobRecord | undefined> {
    const found = this.#records.get(id);
    if (found && found.until > this.#now()) return Promise.resolve(found.record);
    this.#records.delete(id);
    return Promise.resolve(undefined);
  }

  cancel(): Promise<void> {
    return Promise.resolve();
  }

  remove(id: string): Promise<void> {
    this.#records.delete(id);
    return Promise.resolve();
  }
}
