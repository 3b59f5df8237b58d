import { parseCommandLine } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { helpText } from './help.ts';
import { report } from './report.ts';

/** Exit codes: 0 done, 1 failed, 2 the command line cannot be understood, 3 the mesh does not run. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const line = parseCommandLine(args);
    const command = COMMANDS.get(line.command);
    if (!command || line.options.help) {
      process.stdout.write(helpText(command ? line.command : line.operands[0]));
      return 0;
    }
    return await command.run(line);
  } catch (error) {
    return report(error, args.includes('--json'));
  }
}

// A reader that has gone (a closed terminal, `| head`) is no reason to leave processes behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.exitCode = await main(process.argv.slice(2));
