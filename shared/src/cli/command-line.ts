import { parseArgs } from 'node:util';
import { MeshError } from '../errors/index.ts';
import { nearestName } from '../errors/nearest-name.ts';
import { COMMANDS } from './commands.ts';

/** Every option; a command uses those that its help names. */
export interface CommandOptions {
  readonly config: string | undefined;
  readonly json: boolean;
  readonly follow: boolean;
  /** How many lines or messages; undefined: as the command likes. */
  readonly lines: number | undefined;
  readonly watch: boolean;
  readonly roles: readonly string[];
  /** The level that a plugin must reach. */
  readonly level: number | undefined;
  readonly manifest: string | undefined;
  readonly method: string | undefined;
  readonly data: string | undefined;
  readonly headers: readonly string[];
  /** As whom: `operator`, `key`, `plugin:<id>`. */
  readonly as: string | undefined;
  readonly key: string | undefined;
  readonly durable: boolean;
  readonly from: boolean;
  readonly name: string | undefined;
  readonly guards: readonly string[];
  readonly plugins: readonly string[];
  readonly expires: string | undefined;
  readonly lang: string | undefined;
  readonly kind: string | undefined;
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
  return {
    command,
    operands,
    options: {
      config: values.config,
      json: values.json ?? false,
      follow: values.follow ?? false,
      lines: countOf(values.lines),
      watch: values.watch ?? false,
      roles: values.role ?? [],
      level: levelOf(values.level),
      manifest: values.manifest,
      method: values.method,
      data: values.data,
      headers: values.header ?? [],
      as: values.as,
      key: values.key,
      durable: values.durable ?? false,
      from: values.from ?? false,
      name: values.name,
      guards: values.guard ?? [],
      plugins: values.plugin ?? [],
      expires: values.expires,
      lang: values.lang,
      kind: values.kind,
      help: values.help ?? false,
    },
  };
}

function countOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new MeshError('MESH_USAGE', `'--lines' is '${text}'`, { fix: 'give a whole number: -n 20' });
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
        lang: { type: 'string' },
        kind: { type: 'string' },
        lines: { type: 'string', short: 'n' },
        level: { type: 'string' },
        manifest: { type: 'string' },
        method: { type: 'string', short: 'X' },
        data: { type: 'string', short: 'd' },
        header: { type: 'string', short: 'H', multiple: true },
        as: { type: 'string' },
        key: { type: 'string' },
        durable: { type: 'boolean' },
        from: { type: 'boolean' },
        name: { type: 'string' },
        guard: { type: 'string', multiple: true },
        plugin: { type: 'string', multiple: true },
        expires: { type: 'string' },
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
