import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually } from '@plugmesh/shared/testing';
import websocket from 'websocket-driver';

type Frame = readonly unknown[];

/**
 * A client made of `websocket-driver`, which is not the library of the server, and a TCP socket that is ours: what
 * leaves, leaves in pieces of the size that is asked for, and bytes of our own may go between.
 */
export class DrivenClient {
  readonly driver: websocket.Driver;
  /** Text, parsed; bytes as Buffer. */
  readonly messages: (Frame | Buffer)[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #tcp: Socket;
  #sent = Promise.resolve();

  private constructor(url: string, tcp: Socket, pieceSize: number) {
    this.#tcp = tcp;
    this.driver = websocket.client(url);
    this.driver.on('message', ({ data }) => {
      this.messages.push(typeof data === 'string' ? (JSON.parse(data) as Frame) : Buffer.from(data));
    });
    this.driver.on('close', ({ code, reason }) => (this.closed = { code, reason }));
    this.driver.on('error', () => undefined);
    tcp.setNoDelay().on('error', () => undefined);
    tcp.on('data', (bytes) => void this.driver.io.write(bytes));
    this.driver.io.on('data', (bytes: Buffer) => void this.sendBytes(bytes, pieceSize));
  }

  /** Connects; whatever the driver writes goes out in pieces of so many bytes, the handshake too. */
  static async open(url: string, pieceSize = Infinity): Promise<DrivenClient> {
    const tcp = connect(Number(new URL(url).port), '127.0.0.1');
    await once(tcp, 'connect');
    const client = new DrivenClient(url, tcp, pieceSize);
    let isOpen = false;
    client.driver.on('open', () => (isOpen = true));
    client.driver.start();
    await eventually(() => isOpen, { what: 'the answer to the handshake' });
    return client;
  }

  get isEnded(): boolean {
    return this.#tcp.destroyed || this.#tcp.readableEnded;
  }

  /** Sends bytes as they are, behind what is on its way, each piece in a turn of its own; resolves when they are out. */
  sendBytes(bytes: Buffer, pieceSize = Infinity): Promise<void> {
    return (this.#sent = this.#sent.then(async () => {
      for (let at = 0; at < bytes.length; at += pieceSize) {
        this.#tcp.write(bytes.subarray(at, Math.min(bytes.length, at + pieceSize)));
        await nextTurn();
      }
    }));
  }

  send(frame: Frame): void {
    this.driver.text(JSON.stringify(frame));
  }

  /** Waits for so many messages, and takes them out. */
  async take(count: number): Promise<(Frame | Buffer)[]> {
    await eventually(() => this.messages.length >= count, { what: `${count} messages` });
    return this.messages.splice(0, count);
  }

  /** Joins and waits for the reply and the presence state. */
  async join(topic: string): Promise<void> {
    this.send(['j', 'r', topic, 'phx_join', {}]);
    await this.take(2);
  }

  /** Waits until the connection is over, and answers the close code that was said before. */
  async ended(): Promise<number | undefined> {
    await eventually(() => this.isEnded, { what: 'the end of the connection' });
    return this.closed?.code;
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#tcp.destroy();
  }
}

/** A frame as a client may write it (RFC 6455 § 5.2), and as it may not. */
export interface FrameParts {
  readonly opcode: number;
  readonly payload?: string | Buffer;
  readonly isFinal?: boolean;
  readonly isMasked?: boolean;
  readonly reserved?: number;
  /** What the length says, when it is not that of the payload. */
  readonly saidLength?: number;
}

export function frameBytes(parts: FrameParts): Buffer {
  const { opcode, payload = '', isFinal = true, isMasked = true, reserved = 0 } = parts;
  const data = Buffer.from(payload);
  const length = parts.saidLength ?? data.length;
  const head = [(isFinal ? 0x80 : 0) | (reserved << 4) | opcode];
  const mask = isMasked ? [0x12, 0x34, 0x56, 0x78] : [];
  const bit = isMasked ? 0x80 : 0;
  if (length < 126) head.push(bit | length);
  else if (length < 65_536) head.push(bit | 126, length >> 8, length & 255);
  else head.push(bit | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >>> shift) & 255));
  const body = isMasked ? data.map((byte, at) => byte ^ (mask[at % 4] ?? 0)) : data;
  return Buffer.concat([Buffer.from([...head, ...mask]), body]);
}
