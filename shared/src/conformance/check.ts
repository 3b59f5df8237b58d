import type { ErrorCode } from '../errors/index.ts';
import type { Subject } from './subject.ts';

/** A level of the plugin contract (contracts § 1). */
export type Level = 0 | 1 | 2 | 3;

export const LEVELS: readonly Level[] = [0, 1, 2, 3];

/** What a check came to. */
export type Outcome =
  /** With a note: something that is worth knowing and breaks nothing. */
  | { readonly kind: 'passed'; readonly note?: string | undefined }
  | Failure
  /** The plugin does not claim to do this: no fault, but its level is not reached. */
  | { readonly kind: 'missing'; readonly seen: string; readonly fix?: string }
  /** It does not apply here, or could not be seen. */
  | {
      readonly kind: 'skipped';
      readonly why: string;
      /** The check that had to pass before this one. */
      readonly needs?: string;
    };

/** The plugin does it, but wrongly. */
export interface Failure {
  readonly kind: 'failed';
  readonly seen: string;
  /** Instead of the check's own. */
  readonly fix?: string | undefined;
  readonly code?: ErrorCode;
  /** The last lines that the plugin has written. */
  readonly lines?: readonly string[];
}

/** One thing that is tried with a plugin, from outside. `docs/reference/conformance.md` has the same rows; a test compares both. */
export interface Check {
  readonly id: string;
  readonly level: Level;
  /** What a plugin that passes does; reads on after its name. */
  readonly sentence: string;
  /** What to do when it does not. */
  readonly fix: string;
  /** Who starts the plugin: one at a URL is only asked. */
  readonly needsProcess?: true;
  /** Ids of checks that must have passed before. */
  readonly needs?: readonly string[];
  /** Whatever it throws is a failure, too. */
  run(subject: Subject): Promise<Outcome>;
}

/** A failure that is found on the way, wherever that is. */
export class Fault extends Error {
  readonly failure: Failure;

  constructor(failure: Omit<Failure, 'kind'>) {
    super(failure.seen);
    this.name = 'Fault';
    this.failure = { kind: 'failed', ...failure };
  }
}

/** It does what the check's sentence says. */
export function passed(note?: string): Outcome {
  return note === undefined ? { kind: 'passed' } : { kind: 'passed', note };
}

/** It does not. */
export function failed(seen: string, more: Omit<Failure, 'kind' | 'seen'> = {}): Outcome {
  return { kind: 'failed', seen, ...more };
}

/** It does not claim to. */
export function missing(seen: string): Outcome {
  return { kind: 'missing', seen };
}

/** The check says nothing about this plugin. */
export function skipped(why: string): Outcome {
  return { kind: 'skipped', why };
}
