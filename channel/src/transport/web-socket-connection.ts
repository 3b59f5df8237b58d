import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Connection } from '../socket/connection.ts';
import type { TurnWriter } from './turn-writer.ts';

/** So many bytes are written at once: only what the kernel does not take shows that a client is slow. */
const FULL_WRITE = 32_768;

/**
 * A client's connection over WebSocket. Data frames are complete and shared between sockets, so they go straight to the
 * stream: the sender of `ws` has no queue of its own, because compression is off and only control frames use it.
 */
export class WebSocketConnection implements Connection {
  readonly #webSocket: WebSocket;
  readonly #stream: Duplex;
  readonly #turn: TurnWriter;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(webSocket: WebSocket, stream: Duplex, turn: TurnWriter) {
    this.#webSocket = webSocket;
    this.#stream = stream;
    this.#turn = turn;
  }

  get queuedBytes(): number {
    return this.#stream.writableLength + this.#pendingBytes;
  }

  /** Frames of one turn of the event loop leave in one write. */
  write(frame: Buffer): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (this.#pending.push(frame) === 1) this.#turn.add(this);
    this.#pendingBytes += frame.length;
    if (this.#pendingBytes > FULL_WRITE) this.flush();
  }

  /** Writes what this turn has collected. */
  flush(): void {
    const [first] = this.#pending;
    if (!first) return;
    const frames = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#stream.write(frames.length === 1 ? first : this.#turn.join(frames));
  }

  /** The close frame goes behind everything that was written. A client that does not answer is cut off by `ws`. */
  close(code: number, reason: string): void {
    this.flush();
    this.#webSocket.close(code, reason);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }
}
