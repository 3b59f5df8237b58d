import { COMMANDS } from './commands.ts';

/** The help of one command, or of all. */
export function helpText(name?: string): string {
  const command = name === undefined ? undefined : COMMANDS.get(name);
  if (!command) return overview();
  const examples = command.examples.map((example) => `  ${example}`).join('\n');
  return `plugmesh ${name ?? ''} ${command.usage}\n\n${command.details}\n\nExamples:\n${examples}\n`;
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
    '  --json              what it prints as JSON, errors too (not: up, compose, test)',
    '',
    'Exit codes: 0 done, 1 failed, 2 the command line cannot be understood, 3 the mesh does not run.',
    '',
  ].join('\n');
}
