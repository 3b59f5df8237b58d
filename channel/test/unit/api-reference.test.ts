import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorCode } from '@plugmesh/shared/errors';
import { API_ADDRESSES } from '../../src/api/server-api.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/channel-api.md'), 'utf8');

describe('docs/reference/channel-api.md', () => {
  it('lists exactly the addresses of the server API', () => {
    const addresses = [...page.matchAll(/^\| `((?:GET|POST|PUT|DELETE) [^`]+)`/gm)].map(
      ([, address]) => address,
    );
    assert.deepEqual(addresses, API_ADDRESSES);
  });

  it('gives every code with its status', () => {
    const rows = [...page.matchAll(/^\| (\d{3}) +\| `(\w+)`/gm)];
    assert.ok(rows.length > 5);
    for (const [, status, code] of rows)
      assert.equal(ERROR_CODES[code as ErrorCode].status, Number(status), code);
  });
});
