import type { CommandLine } from '../command-line.ts';
import type { OptionName } from '../options.ts';

/** A command of `plugmesh`. */
export interface Command {
  /** What follows its name: in brackets what may be left out, with `…` what may come several times. */
  readonly operands: readonly string[];
  /** The options that it has beside those of every command. */
  readonly options: readonly OptionName[];
  readonly summary: string;
  readonly details: string;
  readonly examples: readonly string[];
  /** Resolves to the exit code. */
  run(line: CommandLine): Promise<number>;
}
