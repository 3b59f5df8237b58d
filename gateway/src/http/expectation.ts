import { MeshError } from '@plugmesh/shared/errors';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** As Node reads it, so that what it expects to be said is said. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/**
 * Whether the client waits for "100 Continue". Throws when an earlier request of the connection has no answer yet: Node
 * would write the 100 into the middle of this one's answer.
 */
export function expectsContinue(req: IncomingMessage, res: ServerResponse): boolean {
  const { expect } = req.headers;
  if (expect === undefined || !CONTINUE.test(expect)) return false;
  if (res.socket) return true;
  throw new MeshError('MESH_BAD_REQUEST', "'Expect' is for a request that waits behind no other one");
}
