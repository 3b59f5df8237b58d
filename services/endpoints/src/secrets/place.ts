import type { ConnectionId } from '../store/connection-records.ts';

/** Where the secret of a connection belongs: moved to another row, it is not decrypted. */
export function placeOf({ guid, userId }: ConnectionId): string[] {
  return ['connection', guid, userId];
}
