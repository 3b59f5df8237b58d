import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

async function run(program: string, ...args: string[]): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'node_modules', program), ...args], { cwd: ROOT });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code, output };
}

describe('the source', function () {
  this.timeout(180_000);

  // All three at once: each takes one processor for a while.
  const format = run('prettier/bin/prettier.cjs', '--check', '.');
  const lint = run('eslint/bin/eslint.js', '--max-warnings', '0', '.');
  const types = run('typescript/bin/tsc', '--noEmit');

  it('is formatted', async () => {
    const { code, output } = await format;
    assert.equal(code, 0, output);
  });

  it('has no lint findings', async () => {
    const { code, output } = await lint;
    assert.equal(code, 0, output);
  });

  it('has no type errors', async () => {
    const { code, output } = await types;
    assert.equal(code, 0, output);
  });
});
