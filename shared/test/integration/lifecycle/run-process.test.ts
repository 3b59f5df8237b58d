import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { startProcess, type RunningProcess } from '../../../src/testing/index.ts';

const PROGRAM = join(import.meta.dirname, '../fixtures/process.ts');

const run = (fate: string): Promise<RunningProcess> =>
  startProcess(['node', PROGRAM, fate], { ready: /has started/ });

describe('runProcess', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops in order and exits with 0 on ${signal}`, async () => {
      const running = await run('lives');
      assert.deepEqual(await running.kill(signal), { code: 0, signal: null });
      assert.match(running.output, /released/);
    });
  }

  it('exits at once on a second signal, but not on the echo of the first', async () => {
    const running = await run('hangs');
    running.child.kill('SIGINT');
    running.child.kill('SIGINT');
    // Longer than an echo takes: this one is a second Ctrl-C.
    await delay(700);
    assert.equal(running.exit, undefined);
    assert.deepEqual(await running.kill('SIGINT'), { code: 1, signal: null });
  });

  for (const fate of ['throws', 'rejects']) {
    it(`logs, stops in order and exits with 1 when the program ${fate} and nobody catches`, async () => {
      const running = await startProcess(['node', PROGRAM, fate]);
      assert.deepEqual(await running.exited, { code: 1, signal: null });
      assert.match(running.output, /"level":"fatal".*met an error that nobody caught/);
      assert.match(running.output, /released/);
    });
  }

  it('stops in order when the supervisor that it was connected to is gone', async () => {
    const child = fork(PROGRAM, ['lives'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    const output = text(child.stdout!);
    await once(child, 'message');
    child.disconnect();
    assert.deepEqual(await once(child, 'exit'), [1, null]);
    assert.match(await output, /what has started it is gone.*released/s);
  });

  it('exits with 1 and names the step when the start fails', async () => {
    const running = await startProcess(['node', PROGRAM, 'fails']);
    assert.deepEqual(await running.exited, { code: 1, signal: null });
    assert.match(running.output, /step 'work' of process could not start: nothing to work with/);
  });
});
