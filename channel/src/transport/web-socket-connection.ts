import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Connection, Droppable } from '../socket/connection.ts';
import { OutboundQueue, type DropReason } from './outbound-queue.ts';
import type { TurnWriter } from './turn-writer.ts';

/** So many bytes are written at once: only what the kernel does not take shows that a client is slow. */
const FULL_WRITE = 32_768;

/** What the connections of a process share. */
export interface OutboundOptions {
  readonly turn: TurnWriter;
  /** Most bytes that wait for one client. */
  readonly queueLimit: number;
  readonly onDrop: (reason: DropReason) => void;
}

/**
 * A client's connection over WebSocket. Data frames are complete and shared between sockets, so they go straight to the
 * stream: the sender of `ws` has no queue of its own, because compression is off and only control frames use it. Once the
 * stream says that the kernel takes no more, further frames wait in a queue of ours, where they can still be dropped.
 */
export class WebSocketConnection implements Connection {
  readonly #webSocket: WebSocket;
  readonly #stream: Duplex;
  readonly #options: OutboundOptions;
  /** What this turn writes: mostly one frame, which needs no array. */
  #pending: Buffer | Buffer[] | undefined;
  #pendingBytes = 0;
  /** Only while the client is behind. */
  #waiting: OutboundQueue | undefined;

  constructor(webSocket: WebSocket, stream: Duplex, options: OutboundOptions) {
    this.#webSocket = webSocket;
    this.#stream = stream;
    this.#options = options;
  }

  get queuedBytes(): number {
    return this.#stream.writableLength + this.#pendingBytes + (this.#waiting?.bytes ?? 0);
  }

  /** Frames of one turn of the event loop leave in one write. */
  write(frame: Buffer, droppable?: Droppable, event?: string): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (this.#waiting) {
      this.#waiting.add(frame, droppable, event);
      this.#waiting.shrinkTo(this.#options.queueLimit - this.#stream.writableLength);
      return;
    }
    if (this.#pending === undefined) this.#options.turn.add(this);
    this.#pending = appended(this.#pending, frame);
    this.#pendingBytes += frame.length;
    if (this.#pendingBytes > FULL_WRITE) this.flush();
  }

  /** Writes what this turn has collected. */
  flush(): void {
    const frames = this.#pending;
    if (frames === undefined) return;
    this.#pending = undefined;
    this.#pendingBytes = 0;
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (this.#isTaken(Array.isArray(frames) ? this.#options.turn.join(frames) : frames)) return;
    this.#waiting = new OutboundQueue(this.#options.onDrop);
    this.#stream.once('drain', () => this.#resume());
  }

  /** The close frame goes behind everything that was written. A client that does not answer is cut off by `ws`. */
  close(code: number, reason: string): void {
    this.flush();
    if (this.#waiting && this.queuedBytes > this.#options.queueLimit) this.#waiting.clear();
    for (const frame of this.#waiting?.take(Infinity) ?? []) this.#stream.write(frame);
    this.#webSocket.close(code, reason);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  /** Writes; answers whether more may follow. A write that the kernel took at once leaves nothing behind. */
  #isTaken(bytes: Buffer): boolean {
    return this.#stream.write(bytes) || this.#stream.writableLength === 0;
  }

  /** The client has read on: what waits goes out, as far as the kernel takes it. */
  #resume(): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    for (let frames; (frames = this.#waiting?.take(FULL_WRITE));) {
      if (frames.length === 0) this.#waiting = undefined;
      else if (!this.#isTaken(Buffer.concat(frames))) {
        this.#stream.once('drain', () => this.#resume());
        return;
      }
    }
  }
}

function appended(frames: Buffer | Buffer[] | undefined, frame: Buffer): Buffer | Buffer[] {
  if (frames === undefined) return frame;
  if (!Array.isArray(frames)) return [frames, frame];
  frames.push(frame);
  return frames;
}
