import type { IncomingMessage } from 'node:http';
import { bearerToken } from '@plugmesh/shared/identity';

const SUB_PROTOCOL = 'base64url.bearer.phx.';

/** The credential of a new connection: a query parameter, the official client's sub-protocol or header, or the ordinary one. */
export function credentialsOf(request: IncomingMessage, query: URLSearchParams): string | undefined {
  return (
    query.get('token') ??
    query.get('userToken') ??
    subProtocolToken(request.headers['sec-websocket-protocol']) ??
    request.headers['x-phoenix-authtoken']?.toString() ??
    bearerToken(request.headers.authorization)
  );
}

/** The offered sub-protocols without the token: it is never echoed, and `/` of its alphabet is no character for a name. */
export function withoutToken(header: string): string {
  return protocolsOf(header)
    .filter((each) => !each.startsWith(SUB_PROTOCOL))
    .join(', ');
}

/** The token inside `base64url.bearer.phx.<base64>`; both alphabets are in use. */
function subProtocolToken(header: string | undefined): string | undefined {
  const carrier = protocolsOf(header ?? '').find((each) => each.startsWith(SUB_PROTOCOL));
  return carrier && Buffer.from(carrier.slice(SUB_PROTOCOL.length), 'base64').toString();
}

function protocolsOf(header: string): string[] {
  return header.split(',').map((each) => each.trim());
}
