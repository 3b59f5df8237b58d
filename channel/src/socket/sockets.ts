import { setTimeout as delay } from 'node:timers/promises';
import type { Membership } from './membership.ts';
import type { Socket } from './socket.ts';

const SLICE_MS = 50;
/** Clients have no jitter: the more there are, the longer they are spread, 1 ms each, five seconds at most. */
const MS_PER_SOCKET = 1;
const LONGEST_MS = 5000;

/** Every socket of this process: what concerns all of them. */
export class Sockets {
  readonly #sockets = new Set<Socket>();
  readonly #idleMs: number;
  #sweep: NodeJS.Timeout | undefined;

  constructor({ idleMs }: { readonly idleMs: number }) {
    this.#idleMs = idleMs;
  }

  get size(): number {
    return this.#sockets.size;
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
    this.#sweep ??= setInterval(() => this.#closeIdle(), this.#idleMs / 4).unref();
  }

  /** Asks everybody to reconnect elsewhere, in random slices so that they do not all come at once. */
  async drain(): Promise<void> {
    await inRandomSlices([...this.#sockets], (socket) => socket.close('drain'));
  }

  stop(): void {
    clearInterval(this.#sweep);
    for (const socket of this.#sockets) socket.terminate();
  }

  #closeIdle(): void {
    const now = performance.now();
    for (const socket of this.#sockets) {
      if (now - socket.lastFrameAt > this.#idleMs) socket.close('idle');
    }
  }
}

/** Messages were missed: these memberships end with `phx_error`, upon which their clients join again. */
export async function endWithError(memberships: readonly Membership[]): Promise<void> {
  // All end now, so that nothing published after a gap reaches one that does not know of the gap.
  for (const membership of memberships) membership.socket.detach(membership);
  await inRandomSlices(memberships, ({ socket, topic, joinRef }) => {
    // Meanwhile the client may have joined again by itself.
    if (!socket.memberships.has(topic)) socket.end(topic, joinRef, 'phx_error');
  });
}

async function inRandomSlices<Each>(all: readonly Each[], act: (each: Each) => void): Promise<void> {
  const shuffled = shuffle(all);
  const slices = Math.max(1, Math.ceil(Math.min(all.length * MS_PER_SOCKET, LONGEST_MS) / SLICE_MS));
  const size = Math.ceil(all.length / slices);
  for (let start = 0; start < shuffled.length; start += size) {
    if (start > 0) await delay(SLICE_MS);
    shuffled.slice(start, start + size).forEach(act);
  }
}

function shuffle<Each>(all: readonly Each[]): Each[] {
  return all
    .map((each) => [Math.random(), each] as const)
    .sort(([a], [b]) => a - b)
    .map(([, each]) => each);
}
