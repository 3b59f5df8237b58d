import type { Router } from 'express';
import type { Identity } from '../../identity/index.ts';
import type { Schema } from '../validate.ts';

/** A piece of work that takes longer than a request. */
export interface Job<Input> {
  readonly id: string;
  /** The body that started it. */
  readonly input: Input;
  readonly identity: Identity;
  /** Aborted when somebody cancels the job, and when the plugin stops. */
  readonly signal: AbortSignal;
  /** Says how far it is, with any JSON; only the last word counts. */
  readonly progress: (value: unknown) => void;
}

/** Does the work. What it returns, any JSON, is the job's result; what it throws, the job's error. */
export type JobFunction<Input> = (job: Job<Input>) => Promise<unknown>;

/** How jobs of one kind are run. */
export interface JobOptions<Input> {
  /** What the body has to be; without it, any JSON. */
  readonly input?: Schema<Input>;
  /** How many may run at the same time in this process (default 100); beyond it the answer is 503. */
  readonly limit?: number;
  /** How long a job that has ended can be asked for, in milliseconds; default an hour. */
  readonly keepMs?: number;
}

/**
 * Makes a router. `POST /` starts a job: 202 with `Location`; `GET /<id>` tells its state, progress, result or error;
 * `DELETE /<id>` cancels it, or forgets one that has ended. A job is shown to whoever started it, and to administrators.
 */
export type JobRunner = <Input = unknown>(run: JobFunction<Input>, options?: JobOptions<Input>) => Router;

/** What is told of a job. */
export interface JobView {
  readonly id: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  readonly progress?: unknown;
  readonly result?: unknown;
  /** Of one that failed; the code is one of the mesh's. */
  readonly error?: { readonly code: string; readonly detail: string } | undefined;
}

/** What is kept of a job. */
export interface JobRecord extends JobView {
  /** Who started it; undefined: nobody that is known, and the id is all that one needs to know. */
  readonly owner?: string;
  /** Of one that runs: when its process counts as dead unless it has said something by then; milliseconds since 1970. */
  readonly aliveUntil?: number;
}
