import type { Stage, StageOptions } from './stage.ts';

/** Something that goes wrong while events are published. */
export interface Fault {
  readonly name: string;
  readonly what: string;
  readonly options?: StageOptions;
  /** Before it, when the pages are in their topics. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** Makes it happen; resolves when its cause is gone. What it answers is reported. */
  readonly cause: (stage: Stage) => Promise<object | undefined>;
  /** When everything is settled again; what it answers is reported, what it throws is a problem. */
  readonly afterwards?: (stage: Stage) => Promise<object | undefined> | undefined;
  /** Why durable events may be lost by it; without this a lost one is a problem. */
  readonly mayLose?: string;
}
