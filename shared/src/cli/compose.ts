import { composeFile, printCompose } from '../compose/index.ts';
import { loadWrittenConfig } from '../config/index.ts';
import { formatProblem } from '../errors/index.ts';
import { findManifests } from '../manifest/index.ts';
import { meshConfigFile } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';

/** `plugmesh compose`: the compose file of this mesh; what is not in it is said beside it. */
export function compose({ options }: CommandLine): Promise<number> {
  const written = loadWrittenConfig(meshConfigFile(options.config));
  const file = composeFile(written, findManifests(written.config));
  for (const problem of file.problems) process.stderr.write(`${formatProblem(problem)}\n`);
  process.stdout.write(printCompose(file));
  return Promise.resolve(0);
}
