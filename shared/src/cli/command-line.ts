import { parseArgs } from 'node:util';
import { MeshError } from '../errors/index.ts';
import { nearestName } from '../errors/nearest-name.ts';
import { COMMANDS } from './commands.ts';
import type { Command } from './commands/command.ts';
import { EVERYWHERE, OPTIONS } from './options.ts';

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

type Takes = Pick<Command, 'operands' | 'options'>;

const HELP: Takes = { operands: ['[COMMAND]'], options: ['json'] };

/**
 * Reads a command line. Throws MESH_USAGE with the nearest command for one that there is not, with the nearest option for one that
 * the command does not have, and with how it is used for too few or too many operands.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { positionals, tokens } = parseLoosely(args);
  const [name = 'help', ...operands] = positionals;
  const command = name === 'help' ? HELP : COMMANDS.get(name);
  if (!command) throw unknownCommand(name);
  for (const token of tokens)
    if (token.kind === 'option') checkOption(token.rawName, token.name, name, command);
  const { values } = parse(args);
  if (values.help !== true) checkOperands(operands, name, command);
  return {
    command: name,
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

/** Takes any option, to find out which command it was meant for. */
function parseLoosely(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: OPTIONS,
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  } catch (error) {
    throw new MeshError('MESH_USAGE', error instanceof Error ? error.message : String(error), {
      fix: "see './plugmesh help'",
      cause: error,
    });
  }
}

function unknownCommand(name: string): MeshError {
  const near = nearestName(name, [...COMMANDS.keys()]);
  return new MeshError('MESH_USAGE', `unknown command '${name}'`, {
    fix: near === undefined ? "see './plugmesh help'" : `did you mean './plugmesh ${near}'?`,
  });
}

function checkOption(written: string, option: string, name: string, command: Takes): void {
  const has = [...command.options, ...EVERYWHERE];
  if (has.some((each) => each === option)) return;
  const near = nearestName(option, has);
  throw new MeshError('MESH_USAGE', `'${name}' has no option '${written}'`, {
    fix:
      near === undefined
        ? `it has ${has.map((each) => `--${each}`).join(', ')}`
        : `did you mean '--${near}'?`,
  });
}

function checkOperands(operands: readonly string[], name: string, command: Takes): void {
  const least = command.operands.filter((each) => !each.startsWith('[')).length;
  const most = command.operands.some((each) => each.includes('…')) ? Infinity : command.operands.length;
  if (operands.length >= least && operands.length <= most) return;
  const takes = command.operands.length === 0 ? 'no operand' : command.operands.join(' ');
  const given = operands.length === 0 ? 'nothing' : `'${operands.join(' ')}'`;
  throw new MeshError('MESH_USAGE', `'${name}' takes ${takes}, not ${given}`, {
    fix: `see './plugmesh ${name} --help'`,
  });
}

function levelOf(text: string | undefined): number | undefined {
  if (text === undefined || /^[0-3]$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new MeshError('MESH_USAGE', `'--level' is '${text}', not 0, 1, 2 or 3`);
}
