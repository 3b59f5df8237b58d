import assert from 'node:assert/strict';
import { Callout } from '../../../src/middleware/callout.ts';
import { UpstreamInstance } from '../../../src/upstream/instance.ts';

/** Node refuses to send this. */
const UNSENDABLE = { path: '/', headers: { 'x-name': 'two\nlines' }, timeoutMs: 1000, maxHead: 1000 };

describe('a question that cannot be sent', () => {
  const limits = { inFlight: 1, pending: 1, idleMs: 1000 };

  it('leaves its place to others, whether it had to wait for it or not', async () => {
    const instance = new UpstreamInstance('http://127.0.0.1:1', limits);
    await assert.rejects(new Callout(instance, UNSENDABLE).ask(), { code: 'ERR_INVALID_CHAR' });
    assert.equal(instance.inFlight, 0);
    instance.admit(() => undefined);
    const waiting = new Callout(instance, UNSENDABLE).ask();
    instance.release();
    await assert.rejects(waiting, { code: 'ERR_INVALID_CHAR' });
    assert.equal(instance.inFlight, 0);
  });
});
