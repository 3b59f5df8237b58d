import { inRandomSlices } from '@plugmesh/shared/lifecycle';
import type { Membership } from './membership.ts';
import type { Socket } from './socket.ts';

/** How patient the sockets are. */
export interface SocketsOptions {
  readonly idleMs: number;
  /** How long a stop may take in all; half of it is for asking everybody to leave. */
  readonly drainMs: number;
}

/** Every socket of this process: what concerns all of them. */
export class Sockets {
  readonly #sockets = new Set<Socket>();
  readonly #options: SocketsOptions;
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Bytes that clients have not taken yet. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const socket of this.#sockets) bytes += socket.queuedBytes;
    return bytes;
  }

  [Symbol.iterator](): Iterator<Socket> {
    return this.#sockets.values();
  }

  add(socket: Socket): void {
    this.#sockets.add(socket);
  }

  remove(socket: Socket): void {
    this.#sockets.delete(socket);
    socket.finish();
  }

  /** One timer for all, not one per socket: an idle socket goes at most a quarter of the time late. */
  start(): void {
    this.#sweep ??= setInterval(() => this.#closeIdle(), this.#options.idleMs / 4).unref();
  }

  /** Asks everybody to reconnect elsewhere, in random slices so that they do not all come at once. */
  async drain(): Promise<void> {
    const longestMs = this.#options.drainMs / 2;
    await inRandomSlices([...this.#sockets], (socket) => socket.close('drain'), longestMs);
  }

  /** Closes those that are meant; their clients may come back. */
  disconnect(isMeant: (socket: Socket) => boolean): void {
    for (const socket of this.#sockets) if (isMeant(socket)) socket.close('disconnect');
  }

  stop(): void {
    clearInterval(this.#sweep);
    for (const socket of this.#sockets) socket.terminate();
  }

  #closeIdle(): void {
    const now = performance.now();
    for (const socket of this.#sockets) {
      if (now - socket.lastFrameAt > this.#options.idleMs) socket.close('idle');
    }
  }
}

/** Messages were missed: these memberships end with `phx_error`, upon which their clients join again. */
export async function endWithError(memberships: readonly Membership[]): Promise<void> {
  // All end now, so that nothing published after a gap reaches one that does not know of the gap.
  for (const membership of memberships) membership.socket.suspend(membership);
  await inRandomSlices(memberships, ({ socket, topic, joinRef }) => {
    // Meanwhile the client may have joined again by itself.
    if (!socket.memberships.has(topic)) socket.end(topic, joinRef, 'phx_error');
  });
}
