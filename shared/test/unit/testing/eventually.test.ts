import assert from 'node:assert/strict';
import { eventually } from '../../../src/testing/index.ts';

describe('eventually', () => {
  it('resolves to the first answer that holds', async () => {
    let tries = 0;
    assert.equal(await eventually(() => (++tries > 2 ? tries : undefined), { everyMs: 1 }), 3);
  });

  it('rejects at the deadline with the last failure', async () => {
    const failing = (): never => assert.fail('still wrong');
    await assert.rejects(eventually(failing, { timeoutMs: 10, everyMs: 1 }), { message: 'still wrong' });
  });

  it('says what did not hold', async () => {
    const options = { timeoutMs: 10, everyMs: 1, what: 'the port' };
    const never = eventually(() => false, options);
    await assert.rejects(never, {
      message: "the port did not hold within 10 ms; the last answer was 'false'",
    });
  });
});
