/** What belongs to one hop, frames a body, or is a handshake's: nobody but gateway and HTTP library may say it. */
const FRAMING =
  'connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|host|sec-websocket-.*|x-request-id|x-plugmesh-.*';

/** The form of a header's name. */
export const HEADER_NAME = /^[A-Za-z0-9-]+$/;

/** Whether a header is one that a manifest must not name: those of every request, and some more as alternatives of a pattern. */
export function isReservedHeader(name: string, more: string): boolean {
  return new RegExp(`^(?:${FRAMING}|${more})$`, 'i').test(name);
}
