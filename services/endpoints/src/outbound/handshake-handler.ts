import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Handshake } from './exchange.ts';

/** What of an answer that declines a handshake is kept. */
const MOST_BODY = 64 * 1024;
/** RFC 6455 § 1.3. */
const WEBSOCKET = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

type Controller = Dispatcher.DispatchController;

/** Waits for the answer to one WebSocket handshake: undici's own `upgrade` forgets what declines it. */
export class HandshakeHandler implements Dispatcher.DispatchHandler {
  readonly answered: Promise<Handshake>;
  readonly #key: string;
  readonly #signal: AbortSignal;
  readonly #settled = Promise.withResolvers<Handshake>();
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #head: { status: number; headers: IncomingHttpHeaders } = { status: 502, headers: {} };

  constructor(key: string, signal: AbortSignal) {
    this.#key = key;
    this.#signal = signal;
    this.answered = this.#settled.promise;
  }

  onRequestStart(controller: Controller): void {
    const abort = (): void => controller.abort(this.#signal.reason as Error);
    if (this.#signal.aborted) abort();
    else this.#signal.addEventListener('abort', abort, { once: true });
  }

  onRequestUpgrade(
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    // From here on nobody else hears of the socket's errors.
    socket.on('error', () => socket.destroy());
    const accept = createHash('sha1').update(`${this.#key}${WEBSOCKET}`).digest('base64');
    if (status === 101 && headers['sec-websocket-accept'] === accept && !this.#signal.aborted) {
      this.#settled.resolve({ kind: 'open', headers, socket });
      return;
    }
    socket.destroy();
    this.#settled.reject(new Error('it agrees to a handshake that nobody made'));
  }

  onResponseStart(_controller: Controller, status: number, headers: IncomingHttpHeaders): void {
    this.#head = { status, headers };
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size <= MOST_BODY) this.#chunks.push(chunk);
    else controller.abort(new Error('it declines a handshake with too many words'));
  }

  onResponseEnd(): void {
    this.#settled.resolve({ kind: 'declined', ...this.#head, body: Buffer.concat(this.#chunks) });
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#settled.reject(error);
  }
}
