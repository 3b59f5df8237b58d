import { randomUUID } from 'node:crypto';
import { json, Router, type Request, type Response } from 'express';
import { MeshError } from '../../errors/index.ts';
import { opens, type Identity } from '../../identity/index.ts';
import type { Log } from '../../log/index.ts';
import type { Clock } from '../clock.ts';
import type { Identify } from '../plugin-identity.ts';
import { validate } from '../validate.ts';
import type { JobRecords } from './job-records.ts';
import type { JobFunction, JobOptions, JobRecord, JobView } from './job.ts';
import { RunningJob } from './running-job.ts';

const HOUR_MS = 3_600_000;
const LIMIT = 100;

/** What jobs need of the plugin. */
export interface JobsParts {
  readonly identify: Identify;
  readonly records: JobRecords;
  readonly clock: Clock;
  readonly log: Log;
  /** Largest body that starts a job, in bytes. */
  readonly maxBody: number;
}

interface Running {
  readonly job: Pick<RunningJob<unknown>, 'record' | 'cancel' | 'stop'>;
  readonly done: Promise<void>;
}

/** The jobs of one plugin process. */
export class Jobs {
  readonly #parts: JobsParts;
  readonly #running = new Map<string, Running>();

  constructor(parts: JobsParts) {
    this.#parts = parts;
  }

  /** As `PluginContext.job`. */
  router<Input>(run: JobFunction<Input>, options: JobOptions<Input> = {}): Router {
    const router = Router();
    let count = 0;
    const start = async (request: Request, response: Response): Promise<void> => {
      if (count >= (options.limit ?? LIMIT))
        throw new MeshError('MESH_OVERLOADED', 'too many jobs of this kind are running');
      count++;
      const job = await this.#begin(run, options, request).catch((error: unknown) => {
        count--;
        throw error;
      });
      void this.#work(job).finally(() => count--);
      const prefix = request.get('x-forwarded-prefix') ?? '';
      response.status(202).location(`${prefix}${request.baseUrl}/${job.id}`).json(viewOf(job.record));
    };
    router.post('/', json({ limit: this.#parts.maxBody, strict: false }), start);
    router.get('/:id', async (request, response) => {
      this.#tell(await this.#find(request, request.params.id), response);
    });
    router.delete('/:id', async (request, response) => {
      await this.#delete(await this.#find(request, request.params.id), options, response);
    });
    return router;
  }

  /** Ends those that run. */
  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { job } of running) job.stop();
    await Promise.all(running.map(({ done }) => done));
  }

  async #begin<Input>(
    run: JobFunction<Input>,
    { input: schema, keepMs = HOUR_MS }: JobOptions<Input>,
    request: Request,
  ): Promise<RunningJob<Input>> {
    const { identify, records, clock, log } = this.#parts;
    const identity = await identify(request);
    // Without a schema, Input is what the author takes any JSON for.
    const input = (schema ? await inputOf(schema, request.body) : request.body) as Input;
    const owner = ownerOf(identity);
    const job = new RunningJob({
      id: randomUUID(),
      input,
      identity,
      owner,
      run,
      keepMs,
      records,
      clock,
      log,
    });
    await job.begin();
    return job;
  }

  #work<Input>(job: RunningJob<Input>): Promise<void> {
    const done = job.work().finally(() => this.#running.delete(job.id));
    this.#running.set(job.id, { job, done });
    return done;
  }

  /** Rejects with MESH_NOT_FOUND also for a job of somebody else. */
  async #find(request: Request, id: string): Promise<JobRecord> {
    const { identify, records } = this.#parts;
    const [identity, record] = await Promise.all([identify(request), this.#recordOf(id) ?? records.find(id)]);
    if (record && maySee(identity, record)) return record;
    throw new MeshError('MESH_NOT_FOUND', `there is no job '${id}'`);
  }

  /** Of a job that runs here. How one has ended is in the records, until somebody forgets it. */
  #recordOf(id: string): JobRecord | undefined {
    const record = this.#running.get(id)?.job.record;
    return record?.state === 'running' ? record : undefined;
  }

  #tell(record: JobRecord, response: Response): void {
    const view = viewOf(this.#isLost(record) ? lost(record) : record);
    if (view.state === 'running') response.set('Retry-After', '1');
    response.set('Cache-Control', 'no-store').json(view);
  }

  async #delete(
    record: JobRecord,
    { keepMs = HOUR_MS }: { keepMs?: number },
    response: Response,
  ): Promise<void> {
    const { records } = this.#parts;
    const running = this.#running.get(record.id);
    if (record.state !== 'running' || this.#isLost(record)) {
      await records.remove(record.id);
      response.status(204).end();
      return;
    }
    if (running) running.job.cancel();
    else await records.cancel(record.id, keepMs);
    response.status(202).json(viewOf({ ...record, ...running?.job.record }));
  }

  #isLost({ id, state, aliveUntil = Infinity }: JobRecord): boolean {
    return state === 'running' && !this.#running.has(id) && aliveUntil < this.#parts.clock.now();
  }
}

async function inputOf<Input>(
  schema: NonNullable<JobOptions<Input>['input']>,
  body: unknown,
): Promise<Input> {
  const validated = await validate(schema, body);
  if (validated.ok) return validated.value;
  throw new MeshError('MESH_BAD_REQUEST', validated.problems.join('; '));
}

function ownerOf(identity: Identity): string | undefined {
  return identity.kind === 'anonymous' ? undefined : `${identity.kind}:${identity.id}`;
}

function maySee(identity: Identity, { owner }: JobRecord): boolean {
  return owner === undefined || owner === ownerOf(identity) || opens(identity, 'admin');
}

function lost(record: JobRecord): JobRecord {
  const error = { code: 'MESH_PLUGIN_EXITED', detail: 'the process that ran the job has ended' };
  return { ...record, state: 'failed', error };
}

function viewOf({ id, state, startedAt, endedAt, progress, result, error }: JobRecord): JobView {
  return { id, state, startedAt, endedAt, progress, result, error };
}
