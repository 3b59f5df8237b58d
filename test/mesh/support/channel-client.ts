import { eventually } from '@plugmesh/shared/testing';

/** A reply of the channel service. */
export interface Reply {
  readonly status: string;
  readonly response: unknown;
}

/** One WebSocket to a mesh, with the frames of the protocol written by hand (docs/reference/channel-protocol.md). */
export class ChannelClient {
  readonly #socket: WebSocket;
  readonly #frames: unknown[][] = [];
  #ref = 0;

  private constructor(origin: string) {
    this.#socket = new WebSocket(`${origin.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`);
    this.#socket.addEventListener('message', ({ data }) => {
      this.#frames.push(JSON.parse(String(data)) as unknown[]);
    });
  }

  static async connect(origin: string): Promise<ChannelClient> {
    const client = new ChannelClient(origin);
    await eventually(() => client.isOpen);
    return client;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  join(topic: string): Promise<Reply> {
    return this.push(topic, 'phx_join', {});
  }

  /** Pushes, and resolves to the reply. */
  async push(topic: string, event: string, payload: object): Promise<Reply> {
    const ref = String((this.#ref += 1));
    this.#socket.send(JSON.stringify([topic, ref, topic, event, payload]));
    const frame = await eventually(() => this.#frames.find((each) => each[1] === ref));
    return frame[4] as Reply;
  }

  /** Waits for a broadcast of this event, of those that came and those that come, and resolves to its payload. */
  async heard(event: string, fits: (payload: unknown) => boolean = () => true): Promise<unknown> {
    const isIt = (frame: unknown[]): boolean => frame[3] === event && fits(frame[4]);
    return (
      await eventually(() => this.#frames.find(isIt), { timeoutMs: 10_000, what: `event '${event}'` })
    )[4];
  }

  close(): void {
    this.#socket.close();
  }
}
