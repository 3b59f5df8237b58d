import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { isAlive, readState, startTimeOf, writeState } from '../processes/index.ts';

/** The process that runs `up` for a mesh. The start time tells it from a later process with the same id. */
interface RunRecord {
  readonly pid: number;
  readonly startTime: string | undefined;
}

/** The pid of the `up` that runs this mesh now. */
export function runningUp(config: Config): number | undefined {
  const { pid, startTime } = Object(readState(recordFile(config))) as Partial<RunRecord>;
  if (pid === undefined || pid === process.pid || !isAlive(pid)) return undefined;
  return startTimeOf(pid) === startTime ? pid : undefined;
}

/** Says that this process runs the mesh now. */
export function recordUp(config: Config): void {
  const record: RunRecord = { pid: process.pid, startTime: startTimeOf(process.pid) };
  writeState(recordFile(config), record);
}

/** Takes that back. */
export function forgetUp(config: Config): void {
  rmSync(recordFile(config), { force: true });
}

function recordFile(config: Config): string {
  return join(config.stateDir, 'up.json');
}
