import type { IncomingMessage } from 'node:http';
import { MeshError } from '@plugmesh/shared/errors';

/** The body of a request as text; throws when it is longer than so many bytes. */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  return (await readBytes(request, limit)).toString();
}

/** The body of a request; throws when it is longer than so many bytes. */
export async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Ended early, the request must live on: with its connection it would take the answer along.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) break;
    chunks.push(chunk);
  }
  if (length <= limit) return Buffer.concat(chunks);
  // Clients read the answer when they have sent everything; the server's time limit ends what is endless.
  request.resume();
  throw new MeshError('MESH_BODY_TOO_LARGE', `the body has at most ${limit} bytes`);
}
