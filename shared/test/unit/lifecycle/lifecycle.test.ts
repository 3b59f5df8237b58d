import assert from 'node:assert/strict';
import type { MeshError } from '../../../src/errors/index.ts';
import { Lifecycle, type Step } from '../../../src/lifecycle/index.ts';
import { createLog } from '../../../src/log/index.ts';

const log = createLog({ name: 'test', level: 'silent' });

/** Steps that write down what is called, with single parts replaced. */
function recorder(...names: string[]): { calls: string[]; steps: Step[] } {
  const calls: string[] = [];
  const steps = names.map((name) => ({
    name,
    start: () => void calls.push(`start ${name}`),
    drain: () => void calls.push(`drain ${name}`),
    stop: () => void calls.push(`stop ${name}`),
  }));
  return { calls, steps };
}

function lifecycleOf(steps: Step[]): Lifecycle {
  return new Lifecycle({ name: 'gateway', steps, log });
}

describe('Lifecycle', () => {
  it('starts in order, then drains everything before it stops anything, both in reverse', async () => {
    const { calls, steps } = recorder('redis', 'http');
    const lifecycle = lifecycleOf(steps);
    assert.equal(lifecycle.state, 'starting');
    await lifecycle.start();
    assert.equal(lifecycle.state, 'ready');
    await lifecycle.stop();
    assert.equal(lifecycle.state, 'stopped');
    assert.deepEqual(calls, [
      'start redis',
      'start http',
      'drain http',
      'drain redis',
      'stop http',
      'stop redis',
    ]);
  });

  it('does nothing the second time it is started or stopped', async () => {
    const { calls, steps } = recorder('redis');
    const lifecycle = lifecycleOf(steps);
    await Promise.all([lifecycle.start(), lifecycle.start()]);
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    await lifecycle.stop();
    assert.deepEqual(calls, ['start redis', 'drain redis', 'stop redis']);
  });

  it('stopped while starting, lets the step at work finish, starts no further one, and is never ready', async () => {
    const { calls, steps } = recorder('redis', 'http');
    const connecting = Promise.withResolvers<undefined>();
    const [redis, http] = steps as [Step, Step];
    const lifecycle = lifecycleOf([{ ...redis, start: () => connecting.promise }, http]);
    const starting = lifecycle.start();
    const stopping = lifecycle.stop();
    assert.equal(lifecycle.state, 'draining');
    connecting.resolve(undefined);
    await Promise.all([starting, stopping]);
    assert.equal(lifecycle.state, 'stopped');
    assert.deepEqual(calls, ['drain redis', 'stop redis']);
  });

  it('stopped while a step fails to start, ends without waiting for itself', async () => {
    const { calls, steps } = recorder('redis');
    const connecting = Promise.withResolvers<undefined>();
    const listening = Promise.withResolvers<undefined>();
    const http: Step = {
      name: 'http',
      start() {
        listening.resolve(undefined);
        return connecting.promise;
      },
    };
    const lifecycle = lifecycleOf([...steps, http]);
    const starting = lifecycle.start();
    await listening.promise;
    const stopping = lifecycle.stop();
    connecting.reject(new Error('refused'));
    await assert.rejects(starting, /step 'http'/);
    await stopping;
    assert.deepEqual(calls, ['start redis', 'drain redis', 'stop redis']);
  });

  it('cannot be started after it was stopped', async () => {
    const { calls, steps } = recorder('redis');
    const lifecycle = lifecycleOf(steps);
    await lifecycle.stop();
    await lifecycle.start();
    assert.deepEqual(calls, []);
    assert.equal(lifecycle.state, 'stopped');
  });

  it('names the step that fails to start, and stops the ones before it', async () => {
    const { calls, steps } = recorder('redis');
    const failing = { name: 'http', start: () => Promise.reject(new Error('port 2345 is taken')) };
    const lifecycle = lifecycleOf([...steps, failing]);
    await assert.rejects(lifecycle.start(), (error: MeshError) => {
      assert.equal(error.code, 'MESH_STEP_FAILED');
      assert.equal(error.message, "step 'http' of gateway could not start: port 2345 is taken");
      return true;
    });
    assert.deepEqual(calls, ['start redis', 'drain redis', 'stop redis']);
    assert.equal(lifecycle.state, 'stopped');
    await lifecycle.stop();
  });

  it('gives a step its deadline and names the one that hangs', async () => {
    const hanging: Step = { name: 'http', start: () => new Promise(() => undefined), deadlineMs: 20 };
    const expected = { message: "step 'http' of gateway could not start: it took longer than 20 ms" };
    await assert.rejects(lifecycleOf([hanging]).start(), expected);
  });

  it('stops the others when one fails or hangs while stopping, and then names the first', async () => {
    const { calls, steps } = recorder('redis');
    const hanging: Step = { name: 'http', drain: () => new Promise(() => undefined), deadlineMs: 20 };
    const throwing: Step = {
      name: 'mesh',
      stop() {
        throw new Error('no');
      },
    };
    const lifecycle = lifecycleOf([...steps, hanging, throwing]);
    await lifecycle.start();
    await assert.rejects(lifecycle.stop(), /step 'http' of gateway could not drain/);
    assert.deepEqual(calls, ['start redis', 'drain redis', 'stop redis']);
    assert.equal(lifecycle.state, 'stopped');
  });
});
