import type { IncomingMessage } from 'node:http';
import { MeshError } from '@plugmesh/shared/errors';
import type { Identify } from '../identity/identify.ts';
import type { Connection } from '../socket/connection.ts';
import type { Client, Socket } from '../socket/socket.ts';
import { originOf, type OriginCheck } from './origins.ts';
import type { OutboundOptions } from './web-socket-connection.ts';

/** What every transport decides with, and who takes what comes of it. */
export interface Admission {
  readonly isOriginAllowed: OriginCheck;
  readonly identify: Identify;
  /** Why nobody is let in at the moment, if so. */
  readonly whyClosed: () => string | undefined;
  readonly connect: (connection: Connection, client: Client) => Socket;
  readonly disconnect: (socket: Socket) => void;
  readonly outbound: OutboundOptions;
  /** A connection was refused. */
  readonly onRefused: (error: MeshError) => void;
  /** A connection was closed for what came over it. */
  readonly onBadFrame: (socket: Socket, code: number) => void;
}

/** Why pages of this origin may not connect, if so. */
export function originRefusal(request: IncomingMessage, isAllowed: OriginCheck): MeshError | undefined {
  const origin = originOf(request);
  if (isAllowed(origin)) return undefined;
  const fix = 'list it in channel.origins of plugmesh.toml';
  return new MeshError('MESH_ORIGIN_REFUSED', `origin '${String(origin.origin)}' may not connect`, { fix });
}

/** Why nobody may connect at the moment, if so. */
export function closedRefusal(closed: string | undefined): MeshError | undefined {
  return closed === undefined ? undefined : new MeshError('MESH_OVERLOADED', closed);
}

/** Why a protocol version that is not spoken is refused. */
export function versionRefusal(vsn: string | null): MeshError {
  const message = `expected protocol version 2.0.0 (vsn=2.0.0) or 1.0.0, received '${String(vsn)}'`;
  return new MeshError('MESH_VERSION_REFUSED', message);
}
