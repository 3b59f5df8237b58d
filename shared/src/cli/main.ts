import { formatProblem, MeshError, MeshProblems } from '../errors/index.ts';
import { parseCommandLine } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { helpText } from './help.ts';

/** Exit codes: 0 done, 1 failed, 2 the command line cannot be understood. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const line = parseCommandLine(args);
    const command = COMMANDS.get(line.command);
    if (!command || line.options.help) {
      process.stdout.write(helpText(command ? line.command : undefined));
      return 0;
    }
    return await command.run(line);
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof MeshProblems)
    process.stderr.write(`${error.problems.map(formatProblem).join('\n')}\n`);
  else if (error instanceof MeshError) process.stderr.write(`${formatProblem(error)}\n`);
  else throw error;
  return error instanceof MeshError && error.code === 'MESH_USAGE' ? 2 : 1;
}

// A reader that has gone (a closed terminal, `| head`) is no reason to leave processes behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.exitCode = await main(process.argv.slice(2));
