import { type Config, loadConfig } from '../config/index.ts';
import { meshConfigFile } from '../processes/index.ts';
import type { CommandOptions } from './command-line.ts';
import { sayProblems } from './report.ts';

/**
 * The configuration for commands that look at a mesh which runs already: what is wrong in it is said and does not stop
 * them, for the mesh itself goes on with what it had.
 */
export function configOfRunning({ config: file, json }: Pick<CommandOptions, 'config' | 'json'>): Config {
  return loadConfig({
    ...meshConfigFile(file),
    onProblems: (problems) => sayProblems(problems, json),
  });
}
