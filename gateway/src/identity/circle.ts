import { MeshError } from '@plugmesh/shared/errors';

/** The name the gateway gives itself in `Via` (RFC 9110 § 7.6.3). */
const VIA_NAME = 'plugmesh';

/** The gateway's own entries, each with the plugin or service that it had led to. */
const OWN = new RegExp(`\\b\\d\\.\\d\\s+${VIA_NAME}(?=[\\s,(]|$)(?:\\s*\\(([^()]*)\\))?`, 'gi');

/** What `Via` says to the instance of a plugin or service: that the request came through us, and to whom. */
export function viaOf(before: string | undefined, httpVersion: string, id: string): string {
  const own = `${httpVersion} ${VIA_NAME} (${id})`;
  return before === undefined ? own : `${before}, ${own}`;
}

/**
 * Refuses a request that has been here before. One that a plugin made for an earlier one, and says so by passing `Via` on, may
 * come again, but never to the same plugin twice. `isCall`: whether it shows a plugin's own token.
 */
export function refuseCircle(via: string | undefined, to: string | undefined, isCall: () => boolean): void {
  if (via?.toLowerCase().includes(VIA_NAME) !== true) return;
  const led = Array.from(via.matchAll(OWN), ([, id]) => id);
  if (led.length === 0) return;
  if (!isCall()) throw new MeshError('MESH_LOOP', `'Via' already names '${VIA_NAME}'`);
  if (led.some((id) => id === undefined || id === to))
    throw new MeshError('MESH_LOOP', `'${to ?? ''}' is asked for what it was asked before`, {
      fix: `'Via' was '${via.slice(0, 200)}': one of these plugins must answer without the next`,
    });
}
