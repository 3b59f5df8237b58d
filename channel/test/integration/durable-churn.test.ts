import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { Socket } from 'phoenix';
import { WebSocket } from 'ws';
import { ChannelProcess } from '../support/channel-process.ts';

const CLIENTS = 100;
const TOPIC = 'log:churn';

interface Event {
  readonly n: number;
  readonly _id: string;
}

/** The official client as a page uses it: join parameters are a function that carries the newest id. */
class Page {
  readonly numbers: number[] = [];
  readonly recovered: boolean[] = [];
  readonly webSockets = new Set<WebSocket>();
  readonly socket: Socket;
  #since: string | null = null;

  constructor(port: number, first: string) {
    this.#since = first;
    const { webSockets } = this;
    class Transport extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(url, protocols);
        webSockets.add(this);
        this.on('close', () => webSockets.delete(this));
      }
    }
    const delays = { reconnectAfterMs: () => 50, rejoinAfterMs: () => 50 };
    this.socket = new Socket(`ws://127.0.0.1:${port}/socket`, { transport: Transport, ...delays });
    const channel = this.socket.channel(TOPIC, () => ({ since: this.#since }));
    channel.on('tick', (payload) => {
      const event = payload as Event;
      this.numbers.push(event.n);
      this.#since = event._id;
    });
    channel.join().receive('ok', (reply) => {
      const { recovered } = reply as { recovered: boolean };
      this.recovered.push(recovered);
    });
    this.socket.connect();
  }

  /** As if the network were gone. */
  drop(): void {
    for (const webSocket of this.webSockets) webSocket.terminate();
  }
}

describe('a durable topic, while clients drop and rejoin at random', function () {
  this.timeout(90_000);
  let channel: ChannelProcess;
  const pages: Page[] = [];

  before(async () => void (channel = await ChannelProcess.start()));
  after(async () => {
    for (const { socket } of pages) socket.disconnect();
    await channel.stop();
  });

  it('reaches every one of them with every event, in order and once', async () => {
    const first = await channel.publishDurable(TOPIC, { n: 0 });
    for (let count = 0; count < CLIENTS; count++) pages.push(new Page(channel.port, first));
    const events = 2000;
    for (let n = 1; n <= events; n++) {
      await channel.publishDurable(TOPIC, { n });
      pages[Math.floor(Math.random() * CLIENTS)]!.drop();
      if (n === 700) await channel.bus.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      if (n === 1400) {
        await channel.kill();
        await channel.resume();
      }
    }
    const expected = Array.from({ length: events }, (_, at) => at + 1);
    await eventually(() => pages.every(({ numbers }) => numbers.at(-1) === events), { timeoutMs: 40_000 });
    for (const { numbers, recovered } of pages) {
      assert.deepEqual(numbers, expected);
      assert.ok(recovered.length > 0 && recovered.every(Boolean));
    }
  });
});
