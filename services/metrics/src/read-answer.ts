import { MeshError, type Reach } from '@plugmesh/sdk';

const LARGEST = 16 * 1024 * 1024;
const PATIENCE_MS = 25_000;

/** What a Prometheus has answered, complete. */
export interface ReadAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/**
 * Asks, and reads all of the answer: users may register whatever calls itself Prometheus, so that neither its length nor how long
 * it takes is up to it. Rejects with MESH_RESPONSE_TOO_LARGE or MESH_ENDPOINT_TIMEOUT, and as `reach`.
 */
export async function readAnswer(reach: Reach, path: string, patienceMs = PATIENCE_MS): Promise<ReadAnswer> {
  try {
    const { status, headers, body } = await reach(path, { signal: AbortSignal.timeout(patienceMs) });
    return { status, headers, body: await read(body) };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
    throw new MeshError('MESH_ENDPOINT_TIMEOUT', 'Prometheus does not come to the end of its answer', {
      cause: error,
    });
  }
}

async function read(body: AsyncIterable<Uint8Array> | null): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    // Leaving the loop ends the answer.
    if (size > LARGEST)
      throw new MeshError('MESH_RESPONSE_TOO_LARGE', `Prometheus answers more than ${LARGEST} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
