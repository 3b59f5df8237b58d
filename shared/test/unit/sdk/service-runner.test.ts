import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createLog } from '../../../src/log/index.ts';
import { ServiceRunner } from '../../../src/sdk/service-runner.ts';
import { eventually } from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });
const backOff = { firstMs: 5, longestMs: 20, steadyMs: 60_000 };

describe('ServiceRunner', () => {
  it('starts a failing service again, each time after a longer wait', async () => {
    const startedAt: number[] = [];
    const services = new ServiceRunner(log, { backOff });
    services.add('feed', () => {
      startedAt.push(performance.now());
      return Promise.reject(new Error('feed is away'));
    });
    services.start();
    await eventually(() => startedAt.length >= 4);
    await services.stop();
    const [first = 0, , third = 0, fourth = 0] = startedAt;
    assert.ok(third - first >= 14 && fourth - third >= 19, String(startedAt));
  });

  it('lets a service that returns have ended', async () => {
    let runs = 0;
    const services = new ServiceRunner(log, { backOff });
    services.add('once', () => {
      runs++;
      return Promise.resolve();
    });
    services.start();
    await services.stop();
    assert.equal(runs, 1);
  });

  it('aborts the signal and waits until the service has ended', async () => {
    let ended = false;
    const services = new ServiceRunner(log, { backOff });
    services.add('feed', async (signal) => {
      await once(signal, 'abort');
      ended = true;
    });
    services.start();
    await services.stop();
    assert.equal(ended, true);
  });

  it('starts a service that is added later at once, and each name once', async () => {
    const services = new ServiceRunner(log, { backOff });
    services.start();
    let runs = 0;
    services.add('late', () => {
      runs++;
      return Promise.resolve();
    });
    assert.throws(() => services.add('late', () => Promise.resolve()), /'late'/);
    await services.stop();
    assert.equal(runs, 1);
  });

  it('waits for nothing when it is stopped between two tries', async () => {
    const services = new ServiceRunner(log, {
      backOff: { firstMs: 60_000, longestMs: 60_000, steadyMs: 1 },
    });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    services.add('feed', () => Promise.reject(new Error('away')).finally(() => resolve(undefined)));
    services.start();
    await promise;
    await services.stop();
  });
});
