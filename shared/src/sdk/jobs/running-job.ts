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
  readonly #ended = new AbortController();
  readonly #stopped = new AbortController();
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
    this.#stopped.abort();
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
    const said = this.#keepSaying();
    this.#end(await this.#outcome());
    await said;
  }

  async #outcome(): Promise<Partial<JobView>> {
    try {
      return { state: 'done', result: asJson(await this.#parts.run(this.#job())) };
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

  #say(value: unknown): void {
    const progress = asJson(value);
    if (this.#record.state === 'running') this.#record = { ...this.#record, progress };
  }

  /** Only a job that runs can end: the first word counts. */
  #end(change: Partial<JobView>): void {
    if (this.#record.state !== 'running') return;
    this.#record = { ...this.#record, ...change, endedAt: new Date(this.#parts.clock.now()).toISOString() };
    this.#ended.abort();
  }

  /**
   * Says that it runs, and how it has ended as soon as it has, also when the work goes on regardless: until that is kept, or
   * the process ends, and never again, because somebody may have forgotten the job since.
   */
  async #keepSaying(): Promise<void> {
    const { signal } = this.#ended;
    for (;;) {
      await this.#pause(signal);
      if (signal.aborted) break;
      await this.#save();
    }
    while (!(await this.#save()) && !this.#stopped.signal.aborted) await this.#pause(this.#stopped.signal);
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await this.#parts.clock.delay(SAVE_EVERY_MS, signal).catch(() => undefined);
  }

  /** Resolves to whether it is kept. */
  async #save(): Promise<boolean> {
    const { records, keepMs, log } = this.#parts;
    try {
      const isUnwanted = await records.save(this.#alive(), keepMs);
      if (isUnwanted) this.cancel();
      return true;
    } catch (error) {
      log.warn({ err: error, job: this.id }, 'a job could not be remembered');
      return false;
    }
  }

  #alive(): JobRecord {
    if (this.#record.state !== 'running') return this.#record;
    return { ...this.#record, aliveUntil: this.#parts.clock.now() + ALIVE_MS };
  }
}

/** A value as it is now. What is no JSON throws here, for the author, and not when somebody asks for it. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null)) as unknown;
}

/** What a stranger may know: messages of the author's own `MeshError`s, of nothing else. */
function told(error: unknown): { readonly code: string; readonly detail: string } {
  if (error instanceof MeshError) return { code: error.code, detail: error.message };
  return { code: 'MESH_INTERNAL', detail: 'the job failed' };
}
