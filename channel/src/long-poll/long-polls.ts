import type { Client, Socket } from '../socket/socket.ts';
import type { Admission } from '../transport/admission.ts';
import { LongPollConnection, type Poll } from './long-poll-connection.ts';
import { pollAnswer, type Goodbye } from './poll-answer.ts';
import type { PollTokens } from './poll-token.ts';
import { postedFrames, type PostedFrame } from './posted-frames.ts';

/** What a client asks of its connection, from this process or, by the relay, from another one. */
export type PollRequest =
  | { readonly kind: 'poll'; readonly connection: string; readonly position: number }
  | { readonly kind: 'post'; readonly connection: string; readonly body: string; readonly isBatch: boolean };

/** What connections over HTTP are made of. */
export interface LongPollsOptions extends Pick<
  Admission,
  'connect' | 'disconnect' | 'outbound' | 'onBadFrame'
> {
  /** Names this process in tokens. */
  readonly node: string;
  readonly tokens: PollTokens;
  /** How long a poll waits. */
  readonly windowMs: number;
  readonly frameLimit: number;
  /** How long a socket may say nothing: one that polls is not idle. */
  readonly idleMs: number;
}

interface Entry {
  readonly connection: LongPollConnection;
  readonly socket: Socket;
}

/** So many windows without a poll end a connection, as in Phoenix. */
const PATIENCE_WINDOWS = 1.5;
const LONGEST_SWEEP_MS = 1000;
const TOO_BIG: Goodbye = { code: 1009, reason: 'a frame is too big' };

/** The connections over HTTP that this process has. One timer for all. */
export class LongPolls {
  readonly #options: LongPollsOptions;
  readonly #entries = new Map<string, Entry>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: LongPollsOptions) {
    this.#options = options;
  }

  /** Opens a connection; answers its token. */
  open(client: Client): string {
    const { node, tokens, outbound, connect, disconnect } = this.#options;
    const token = (connection: string, position: number): string =>
      tokens.sign({ node, connection, position });
    const onClosed = (): void => {
      this.#entries.delete(connection.name);
      disconnect(socket);
    };
    const connection = new LongPollConnection({ outbound, token, onClosed });
    const socket = connect(connection, client);
    this.#entries.set(connection.name, { connection, socket });
    return token(connection.name, 0);
  }

  /** Resolves to the answer to a request; the signal says that nobody waits for it any more. */
  handle(request: PollRequest, signal?: AbortSignal): Promise<string> {
    const entry = this.#entries.get(request.connection);
    if (request.kind === 'post') return Promise.resolve(this.#post(entry, request));
    return entry ? this.#poll(entry, request.position, signal) : Promise.resolve(pollAnswer('over'));
  }

  start(): void {
    const { windowMs, idleMs } = this.#options;
    const everyMs = Math.min(LONGEST_SWEEP_MS, windowMs / 4, idleMs / 4);
    this.#sweep ??= setInterval(() => this.#endDue(), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #poll({ connection, socket }: Entry, position: number, signal?: AbortSignal): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const poll: Poll = { endsAt: performance.now() + this.#options.windowMs, answer: resolve };
    socket.lastFrameAt = performance.now();
    signal?.addEventListener('abort', () => connection.forget(poll), { once: true });
    connection.poll(position, poll);
    return promise;
  }

  #post(entry: Entry | undefined, { body, isBatch }: { body: string; isBatch: boolean }): string {
    if (!entry?.socket.isOpen) return pollAnswer('gone');
    const frames = postedFrames(body, isBatch);
    if (!frames) return pollAnswer('tooLarge');
    const bad = frames.some(({ data }) => data.length > this.#options.frameLimit);
    if (bad) return this.#refuse(entry, TOO_BIG);
    return this.#receive(entry.socket, frames);
  }

  #receive(socket: Socket, frames: readonly PostedFrame[]): string {
    for (const { data, isBinary } of frames) socket.receive(data, isBinary);
    return pollAnswer(socket.isOpen ? 'ok' : 'gone');
  }

  #refuse({ connection, socket }: Entry, goodbye: Goodbye): string {
    this.#options.onBadFrame(socket, goodbye.code);
    socket.finish();
    connection.close(goodbye.code, goodbye.reason);
    return pollAnswer('tooLarge');
  }

  /** A client that waits lives; one that does not come back has gone. */
  #endDue(): void {
    const now = performance.now();
    const patienceMs = PATIENCE_WINDOWS * this.#options.windowMs;
    for (const { connection, socket } of this.#entries.values()) {
      connection.endDue(now);
      if (connection.isPolled) socket.lastFrameAt = now;
      else if (now - connection.polledAt > patienceMs) connection.terminate();
    }
  }
}
