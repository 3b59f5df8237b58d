/**
 * Lets things go wrong for real under a steady load, and says what the clients saw of it: `node
 * test/faults/run.ts [name …]`, every fault without names. Needs a redis-server. Exit code 0: everything held.
 */
import { writeFileSync } from 'node:fs';
import { FAULTS, type PlayableFault } from './table.ts';

const FILE = new URL('result.json', import.meta.url);

const names = process.argv.slice(2);
const unknown = names.filter((name) => !FAULTS.some((fault) => fault.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no fault '${unknown.join("', '")}'; there are: ${FAULTS.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}
const seen: Awaited<ReturnType<PlayableFault['play']>>[] = [];
for (const fault of FAULTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
  process.stderr.write(`${fault.name}: ${fault.what} …\n`);
  const failed = (error: unknown) => ({ fault: fault.name, problems: [String(error)] });
  seen.push(await fault.play().catch(failed));
  process.stderr.write(`${JSON.stringify(seen.at(-1))}\n`);
  writeFileSync(FILE, `${JSON.stringify(seen, null, 2)}\n`);
}
process.stdout.write(`${JSON.stringify(seen, null, 2)}\n`);
process.exit(seen.every(({ problems }) => problems.length === 0) ? 0 : 1);
