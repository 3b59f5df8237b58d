import assert from 'node:assert/strict';
import { MeshError } from '@plugmesh/sdk';

/** Asserts that it is rejected with this code; resolves with the error. */
export async function refusal(work: Promise<unknown>, code: string): Promise<MeshError> {
  const error: unknown = await work.then(
    (value) => assert.fail(`it was not refused: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof MeshError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}
