import { COMMANDS } from './commands.ts';
import type { Command } from './commands/command.ts';
import { optionText } from './options.ts';

/** The help of one command, or of all. */
export function helpText(name?: string): string {
  const command = name === undefined ? undefined : COMMANDS.get(name);
  if (name === undefined || !command) return overview();
  const examples = command.examples.map((example) => `  ${example}`).join('\n');
  return `plugmesh ${usageOf(name, command)}\n\n${command.details}\n\nExamples:\n${examples}\n`;
}

/** A command with what it takes, in one line. */
export function usageOf(name: string, { operands, options }: Command): string {
  return [name, ...operands, ...options.map(optionText)].join(' ');
}

function overview(): string {
  const rows = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`);
  return [
    'plugmesh: backend plugins behind one gateway, live in the browser over Redis',
    '',
    'Usage: ./plugmesh COMMAND [OPTIONS]',
    '',
    ...rows,
    '',
    'Options of every command:',
    '  -c, --config FILE   the configuration instead of plugmesh.toml (also: PLUGMESH_FILE)',
    '  -h, --help          the help of a command, with examples',
    '  -y, --yes           install what is missing without a question',
    '  --json              what it prints as JSON, errors too (not: up, compose, test)',
    '',
    'Exit codes: 0 done, 1 failed, 2 the command line cannot be understood, 3 the mesh does not run.',
    '',
  ].join('\n');
}
