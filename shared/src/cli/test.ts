import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { processEnvironment } from '../config/index.ts';
import { HOME, programPath } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';

const EVERY_TEST = [
  'test/checks/**/*.test.ts',
  'shared/test/**/*.test.ts',
  'gateway/test/**/*.test.ts',
  'channel/test/**/*.test.ts',
  'services/*/test/**/*.test.ts',
  'test/{unit,mesh,page}/**/*.test.ts',
];

/** A file waits as much as it computes: with one more at once than there are cores, none of these is idle. */
const JOBS = availableParallelism() + 1;

/** `plugmesh test`: everything, several files at once, each in a process that does nothing else meanwhile. */
export async function test({ operands }: CommandLine): Promise<number> {
  const files = operands.length > 0 ? operands : EVERY_TEST;
  const program = [join(HOME, 'node_modules/mocha/bin/mocha.js'), '--parallel', '--jobs', String(JOBS)];
  const mocha = spawn(process.execPath, [...program, ...files], {
    cwd: HOME,
    env: { ...processEnvironment(), PATH: programPath(processEnvironment()) },
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => mocha.kill(signal));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  mocha.once('error', reject);
  mocha.once('close', (code) => resolve(code === 0 ? 0 : 1));
  return promise;
}
