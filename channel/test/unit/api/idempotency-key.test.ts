import assert from 'node:assert/strict';
import { idempotencyKeyOf } from '../../../src/api/idempotency-key.ts';

describe('the header Idempotency-Key', () => {
  const good: [string | undefined, string | undefined][] = [
    [undefined, undefined],
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    [' "a b, \\"c\\" \\\\" ', 'a b, "c" \\'],
    ['order:1/2', 'order:1/2'],
  ];
  for (const [header, key] of good) {
    it(`${String(header)} gives ${String(key)}`, () => assert.equal(idempotencyKeyOf(header), key));
  }

  for (const header of ['', '""', '"a', 'a"', '"a\\b"', '"a"; p=1', 'a, b', '"ü"', `"${'x'.repeat(256)}"`]) {
    it(`${header.slice(0, 20)} is refused`, () =>
      assert.throws(() => idempotencyKeyOf(header), { code: 'MESH_BAD_REQUEST' }));
  }
});
