import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLOSE_CODES } from '../../src/socket/close-codes.ts';

describe('the channel protocol reference', () => {
  it('lists exactly the close codes of the table, with their reasons', () => {
    const page = readFileSync(
      join(import.meta.dirname, '../../../docs/reference/channel-protocol.md'),
      'utf8',
    );
    const rows = [...page.matchAll(/^\| (\d{4}) \| (.+?) +\|$/gm)].map(([, code, reason]) => ({
      code: Number(code),
      reason,
    }));
    const byCode = (a: { code: number }, b: { code: number }): number => a.code - b.code;
    assert.deepEqual(rows, Object.values(CLOSE_CODES).toSorted(byCode));
  });
});
