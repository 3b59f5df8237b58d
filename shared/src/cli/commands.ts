import { ACCESS } from './commands/access.ts';
import type { Command } from './commands/command.ts';
import { CONTAINERS } from './commands/containers.ts';
import { LOOKING } from './commands/looking.ts';
import { RUNNING } from './commands/running.ts';
import { TRYING } from './commands/trying.ts';
import { WRITING } from './commands/writing.ts';

/** Every command, in the order of the help. `docs/reference/cli.md` has the same rows; a test compares both. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ...RUNNING,
  ...LOOKING,
  ...TRYING,
  ...WRITING,
  ...ACCESS,
  ...CONTAINERS,
]);
