/**
 * The whole differential test: `node gateway/test/fuzz/run.ts [cases [seed]]`, 10,000 cases from a random seed by
 * default. Needs Debian's nginx. Writes what it saw as JSON; exit code 0: every promise held.
 */
import { randomInt } from 'node:crypto';
import { fuzz } from './fuzz.ts';

const [cases = 10_000, seed = randomInt(2 ** 31)] = process.argv.slice(2).map(Number);
process.stderr.write(`${cases} cases from seed ${seed} …\n`);
try {
  process.stdout.write(`${JSON.stringify(await fuzz({ cases, seed }), null, 2)}\n`);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}
