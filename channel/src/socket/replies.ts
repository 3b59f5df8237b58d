import { randomBytes } from 'node:crypto';
import { toChannel, type Message } from '@plugmesh/shared/protocol';
import type { Socket } from './socket.ts';

/** How long a plugin may take. Less than the 10 s after which the official client gives up. */
const PATIENCE_MS = 8000;
const SWEEP_MS = 500;

/** The topic of answers: the protocol's own, which nobody can join. */
export const REPLY_TOPIC = 'phoenix';

interface Pending {
  readonly socket: Socket;
  readonly message: Message;
  readonly deadline: number;
}

/** Pushes to topics with `envelope` that wait for a plugin's answer. */
export class Replies {
  /** In the order of their deadlines, because all have the same time. */
  readonly #pending = new Map<string, Pending>();
  #sweep: NodeJS.Timeout | undefined;

  /** Waits for the answer to a push; answers the Redis channel to publish it to, which nobody can guess. */
  expect(socket: Socket, message: Message): string {
    const name = `reply-${randomBytes(15).toString('base64url')}`;
    this.#pending.set(name, { socket, message, deadline: performance.now() + PATIENCE_MS });
    return toChannel(REPLY_TOPIC, name);
  }

  /** Hands an answer to the client that waits for it, the first one only. Other processes' clients are not ours. */
  settle(name: string, payload: Buffer): void {
    const pending = this.#pending.get(name);
    if (!pending) return;
    this.#pending.delete(name);
    const { socket, message } = pending;
    try {
      const { status, response } = parseAnswer(payload);
      socket.reply(message, status, response);
    } catch {
      // Also what nests so deeply that it can be read but not written: plugins may answer with what clients sent.
      const reason = 'the plugin\'s answer is not {"status": "ok" or "error", "response"}';
      socket.refuse(message, { reason, code: 'MESH_UPSTREAM_FAILED' });
    }
  }

  /** No answer is wanted any more: the push was not published. */
  forget(replyTo: string): void {
    this.#pending.delete(replyTo.slice(toChannel(REPLY_TOPIC, '').length));
  }

  start(): void {
    this.#sweep ??= setInterval(() => this.#endLate(), SWEEP_MS).unref();
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #endLate(): void {
    const now = performance.now();
    for (const [name, { socket, message, deadline }] of this.#pending) {
      if (deadline > now) return;
      this.#pending.delete(name);
      socket.refuse(message, { reason: 'no plugin answered in time', code: 'MESH_UPSTREAM_TIMEOUT' });
    }
  }
}

/** Throws when it is none. */
function parseAnswer(payload: Buffer): { status: 'ok' | 'error'; response: unknown } {
  const { status, response = {} } = JSON.parse(payload.toString()) as {
    status?: unknown;
    response?: unknown;
  };
  if (status === 'ok' || status === 'error') return { status, response };
  throw new TypeError('this is not an answer');
}
