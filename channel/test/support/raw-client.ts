import { once } from 'node:events';
import { eventually } from '@plugmesh/shared/testing';
import { WebSocket, type ClientOptions } from 'ws';

type Frame = readonly unknown[];

/** A `phx_reply`, as far as tests look into it. */
export type Answer = readonly [
  joinRef: unknown,
  ref: unknown,
  topic: string,
  event: string,
  { status: string; response: Record<string, unknown> },
];

/** Takes a frame for a reply and answers what it says. */
export function responseOf(frame: Frame | Buffer | undefined): Record<string, unknown> {
  return (frame as unknown as Answer)[4].response;
}

/** A WebSocket client that knows nothing of the protocol: what it sends and gets are arrays and bytes. */
export class RawClient {
  readonly webSocket: WebSocket;
  /** Text frames, parsed; binary ones as Buffer. */
  readonly frames: (Frame | Buffer)[] = [];
  closeCode: number | undefined;
  #read = 0;

  constructor(url: string, protocols: string[] = [], options: ClientOptions = {}) {
    this.webSocket = new WebSocket(url, protocols, options);
    this.webSocket.on('message', (data: Buffer, isBinary) => {
      this.frames.push(isBinary ? data : (JSON.parse(data.toString()) as Frame));
    });
    this.webSocket.on('close', (code) => (this.closeCode = code));
    this.webSocket.on('error', () => undefined);
  }

  static async open(url: string, protocols?: string[], options?: ClientOptions): Promise<RawClient> {
    const client = new RawClient(url, protocols, options);
    await once(client.webSocket, 'open');
    return client;
  }

  /** The HTTP status with which an upgrade is refused, and the code of the problem document. */
  static async refusal(url: string, options?: ClientOptions): Promise<[number, string]> {
    const { webSocket } = new RawClient(url, [], options);
    const [, response] = (await once(webSocket, 'unexpected-response')) as [
      unknown,
      NodeJS.ReadableStream & { statusCode: number },
    ];
    let body = '';
    for await (const chunk of response) body += chunk.toString();
    return [response.statusCode, (JSON.parse(body) as { code: string }).code];
  }

  send(...frames: readonly (Frame | Buffer | string)[]): void {
    for (const frame of frames) {
      this.webSocket.send(Array.isArray(frame) ? JSON.stringify(frame) : (frame as Buffer | string));
    }
  }

  /** The next frame that was not read yet. */
  async next(): Promise<Frame | Buffer> {
    const at = this.#read++;
    return eventually(() => this.frames[at], { what: `frame ${at}` });
  }

  /** The next so many frames. */
  async take(count: number): Promise<(Frame | Buffer)[]> {
    const frames = [];
    while (frames.length < count) frames.push(await this.next());
    return frames;
  }

  /** Everything that comes before the answer to a heartbeat: proves that nothing else does. */
  async rest(): Promise<(Frame | Buffer)[]> {
    const mark = `mark-${this.#read}`;
    this.send([null, mark, 'phoenix', 'heartbeat', {}]);
    const frames = [];
    for (;;) {
      const frame = await this.next();
      if (Array.isArray(frame) && frame[1] === mark) return frames;
      frames.push(frame);
    }
  }

  /** The next frame, which has to be a reply. */
  async answer(): Promise<Answer> {
    const frame = (await this.next()) as unknown as Answer;
    if (frame[3] !== 'phx_reply') throw new Error(`expected a reply, received ${JSON.stringify(frame)}`);
    return frame;
  }

  /** Joins and answers the id; also reads the presence state. */
  async join(topic: string, joinRef = 'j1', payload: unknown = {}): Promise<string> {
    this.send([joinRef, `${joinRef}r`, topic, 'phx_join', payload]);
    const { status, response } = (await this.answer())[4];
    await this.next();
    if (status !== 'ok') throw new Error(`join was refused: ${JSON.stringify(response)}`);
    return String(response['id']);
  }

  async closed(): Promise<number> {
    return eventually(() => this.closeCode, { timeoutMs: 10_000, what: 'the close' });
  }

  close(): void {
    this.webSocket.terminate();
  }
}
