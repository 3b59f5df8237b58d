import assert from 'node:assert/strict';
import type { Answer } from './endpoints-process.ts';

/** Asserts that it was refused with this status and code, and that the reader is told what to do or what is wrong. */
export function refused({ status, body }: Answer, ...[expected, code]: [number, string]): void {
  assert.deepEqual([status, body.code], [expected, code], JSON.stringify(body));
  assert.ok(body.fix ?? body.detail);
}
