import { parseArgs } from 'node:util';
import { MeshError } from '../errors/index.ts';
import { nearestName } from '../errors/nearest-name.ts';
import { COMMANDS } from './commands.ts';

/** Every option; a command uses those that its help names. */
export interface CommandOptions {
  readonly config: string | undefined;
  readonly json: boolean;
  readonly follow: boolean;
  readonly lines: number;
  readonly watch: boolean;
  readonly roles: readonly string[];
  /** The level that a plugin must reach. */
  readonly level: number | undefined;
  readonly manifest: string | undefined;
  readonly help: boolean;
}

/** A command line that has been understood. */
export interface CommandLine {
  readonly command: string;
  readonly operands: readonly string[];
  readonly options: CommandOptions;
}

/** Reads a command line. Throws MESH_USAGE with the nearest command. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  const [command = 'help', ...operands] = positionals;
  if (command !== 'help' && !COMMANDS.has(command)) {
    const near = nearestName(command, [...COMMANDS.keys()]);
    throw new MeshError('MESH_USAGE', `unknown command '${command}'`, {
      fix: near === undefined ? "see './plugmesh help'" : `did you mean './plugmesh ${near}'?`,
    });
  }
  const lines = Number(values.lines ?? 20);
  if (!Number.isInteger(lines) || lines < 0)
    throw new MeshError('MESH_USAGE', `'--lines' is '${String(values.lines)}'`);
  return {
    command,
    operands,
    options: {
      config: values.config,
      json: values.json ?? false,
      follow: values.follow ?? false,
      lines,
      watch: values.watch ?? false,
      roles: values.role ?? [],
      level: levelOf(values.level),
      manifest: values.manifest,
      help: values.help ?? false,
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        json: { type: 'boolean' },
        follow: { type: 'boolean', short: 'f' },
        watch: { type: 'boolean', short: 'w' },
        role: { type: 'string', multiple: true },
        lines: { type: 'string', short: 'n' },
        level: { type: 'string' },
        manifest: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        // For the launcher: it answers its questions.
        yes: { type: 'boolean', short: 'y' },
      },
    });
  } catch (error) {
    throw new MeshError('MESH_USAGE', error instanceof Error ? error.message : String(error), {
      fix: "see './plugmesh help'",
      cause: error,
    });
  }
}

function levelOf(text: string | undefined): number | undefined {
  if (text === undefined || /^[0-3]$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new MeshError('MESH_USAGE', `'--level' is '${text}', not 0, 1, 2 or 3`);
}
