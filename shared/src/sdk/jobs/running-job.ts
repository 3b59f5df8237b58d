import { MeshError } from '../../errors/index.ts';
import type { Identity } from '../../identity/index.ts';
import type { Log } from '../../log/index.ts';
import type { Clock } from '../clock.ts';
import type { JobRecords } from './job-records.ts';
import type { Job, JobFunction, JobRecord, JobView } from './job.ts';

/** How often a running job says that it is alive, and how far it is. */
const SAVE_EVERY_MS = 1000;
/** Without a word for so long, a job's process is dead. */
const ALIVE_MS = 15_000;

/** What a running job is made of. */
export interface RunningJobParts<Input> {
  readonly id: string;
  readonly input: Input;
  readonly identity: Identity;
  readonly owner: string | undefined;
  readonly run: JobFunction<Input>;
  readonly keepMs: number;
  readonly records: JobRecords;
  readonly clock: Clock;
  readonly log: Log;
}

/** A job in the process that runs it. */
export class RunningJob<Input> {
  readonly id: string;
  readonly #parts: RunningJobParts<Input>;
  readonly #abort = new AbortController();
  #record: JobRecord;

  constructor(parts: RunningJobParts<Input>) {
    const { id, owner, clock } = parts;
    this.id = id;
    this.#parts = parts;
    this.#record = {
      id,
      state: 'running',
      startedAt: new Date(clock.now()).toISOString(),
      ...(owner === undefined ? {} : { owner }),
    };
  }

  get record(): JobRecord {
    return this.#record;
  }

  /** Ends it as cancelled, whatever becomes of the work. */
  cancel(): void {
    this.#end({ state: 'cancelled' });
    this.#abort.abort();
  }

  /** Ends it because its process does. */
  stop(): void {
    this.#end({
      state: 'failed',
      error: { code: 'MESH_PLUGIN_UNAVAILABLE', detail: 'the plugin was stopped before the job was done' },
    });
    this.#abort.abort();
  }

  /** Remembers that it runs. Rejects when it cannot: then it must not begin. */
  async begin(): Promise<void> {
    await this.#parts.records.save(this.#alive(), this.#parts.keepMs);
  }

  /** Does the work and remembers what came of it. Never rejects. */
  async work(): Promise<void> {
    const ended = new AbortController();
    const pulse = this.#keepSaying(ended.signal);
    this.#end(await this.#outcome());
    ended.abort();
    await pulse;
    await this.#save();
  }

  async #outcome(): Promise<Partial<JobView>> {
    try {
      const result = await this.#parts.run(this.#job());
      // What is no JSON fails here and not when somebody asks for it.
      return { state: 'done', result: JSON.parse(JSON.stringify(result ?? null)) as unknown };
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#parts.log.error({ err: error, job: this.id }, 'a job failed');
      return { state: 'failed', error: told(error) };
    }
  }

  /** What the author's function sees, which may take it apart. */
  #job(): Job<Input> {
    const { id, input, identity } = this.#parts;
    const { signal } = this.#abort;
    return { id, input, identity, signal, progress: (value) => this.#say(value) };
  }

  #say(progress: unknown): void {
    // What is no JSON is the author's to hear of, and not whoever asks later.
    JSON.stringify(progress);
    if (this.#record.state === 'running') this.#record = { ...this.#record, progress };
  }

  /** Only a job that runs can end: the first word counts. */
  #end(change: Partial<JobView>): void {
    if (this.#record.state !== 'running') return;
    this.#record = { ...this.#record, ...change, endedAt: new Date(this.#parts.clock.now()).toISOString() };
  }

  async #keepSaying(ended: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const wait = (): Promise<boolean> =>
      clock.delay(SAVE_EVERY_MS, ended).then(
        () => true,
        () => false,
      );
    while (await wait()) await this.#save();
  }

  async #save(): Promise<void> {
    const { records, keepMs, log } = this.#parts;
    try {
      const isUnwanted = await records.save(this.#alive(), keepMs);
      if (isUnwanted) this.cancel();
    } catch (error) {
      log.warn({ err: error, job: this.id }, 'a job could not be remembered');
    }
  }

  #alive(): JobRecord {
    if (this.#record.state !== 'running') return this.#record;
    return { ...this.#record, aliveUntil: this.#parts.clock.now() + ALIVE_MS };
  }
}

/** What a stranger may know: messages of the author's own `MeshError`s, of nothing else. */
function told(error: unknown): { readonly code: string; readonly detail: string } {
  if (error instanceof MeshError) return { code: error.code, detail: error.message };
  return { code: 'MESH_INTERNAL', detail: 'the job failed' };
}
