import assert from 'node:assert/strict';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import * as phoenix18 from 'phoenix';
import { WebSocket } from 'ws';
import { Balancer } from '../support/balancer.ts';
import { ChannelProcess } from '../support/channel-process.ts';
import { loadInBrowser } from '../support/in-browser.ts';
import { XMLHttpRequest } from '../support/xml-http-request.ts';

type Push = ReturnType<phoenix18.Channel['join']>;

const phoenix17 = await loadInBrowser<typeof phoenix18>('phoenix-1.7');

/** Each as its client chooses: 1.8 takes `fetch` where there is no XMLHttpRequest, 1.7 knows only that. */
const CLIENTS = [
  { name: 'phoenix 1.8.16 over fetch', library: phoenix18, xhr: undefined },
  { name: 'phoenix 1.8.16 over XMLHttpRequest', library: phoenix18, xhr: XMLHttpRequest },
  { name: 'phoenix 1.7.14 over XMLHttpRequest', library: phoenix17, xhr: XMLHttpRequest },
];

const answer = (push: Push): Promise<unknown> =>
  new Promise((resolve, reject) => {
    push
      .receive('ok', resolve)
      .receive('error', (response) => reject(new Error(JSON.stringify(response))))
      .receive('timeout', () => reject(new Error('timeout')));
  });

/** At once: a stop would wait for the spare connection that `fetch` keeps after an abort. */
async function end(channel: ChannelProcess): Promise<void> {
  await channel.kill();
  await channel.stop();
}

/** What a browser keeps for a page. */
class PageStorage {
  readonly items = new Map<string, string>();
  getItem = (name: string): string | null => this.items.get(name) ?? null;
  setItem = (name: string, value: string): unknown => this.items.set(name, value);
  removeItem = (name: string): unknown => this.items.delete(name);
}

for (const { name, library, xhr } of CLIENTS) {
  describe(`${name}, long-poll, two processes behind one address`, function () {
    this.timeout(60_000);
    const globals = globalThis as { XMLHttpRequest?: unknown };
    let redis: RedisServer;
    let processes: ChannelProcess[];
    let balancer: Balancer;
    const sockets: phoenix18.Socket[] = [];

    const connect = (options: object = {}): phoenix18.Socket => {
      const delays = { reconnectAfterMs: () => 100, rejoinAfterMs: () => 100 };
      const all = { transport: library.LongPoll, ...delays, ...options };
      const socket = new library.Socket(`ws://${balancer.host}/socket`, all);
      sockets.push(socket);
      socket.connect();
      return socket;
    };
    const publish = (channel: string, payload: object): Promise<number> =>
      processes[0]!.bus.publish(channel, JSON.stringify(payload));

    before(async () => {
      globals.XMLHttpRequest = xhr;
      redis = await RedisServer.start();
      const settings = '[channel.limits]\npoll = "2s"';
      processes = await Promise.all([0, 1].map(() => ChannelProcess.start(settings, redis)));
      balancer = await Balancer.start(...processes.map(({ url }) => url));
    });
    after(async () => {
      balancer.stop();
      await Promise.all(processes.map(end));
      await redis.stop();
      delete globals.XMLHttpRequest;
    });
    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.disconnect();
    });

    it('joins, is refused, pushes and hears in order', async () => {
      const bus = await processes[0]!.listen('from:room:1:*');
      const socket = connect();
      await assert.rejects(answer(socket.channel('nobody').join()), /unmatched topic/);
      const room = socket.channel('room:1');
      const received: unknown[] = [];
      room.on('tick', (payload) => received.push((payload as { n: number }).n));
      await answer(room.join());
      assert.deepEqual(await answer(room.push('say', { text: 'grüß' })), {});
      assert.deepEqual(await answer(room.push('data', new Uint8Array([0, 255, 7]).buffer)), {});
      assert.equal((await bus.payload('from:room:1:say')).toString(), '{"text":"grüß"}');
      assert.deepEqual([...(await bus.payload('from:room:1:data'))], [0, 255, 7]);
      for (let n = 0; n < 100; n++) void publish('to:room:1:tick', { n });
      await eventually(() => received.length === 100);
      assert.deepEqual(received, [...Array(100).keys()]);
      bus.stop();
    });

    it('sees who is there, over WebSocket too, who comes and who goes', async () => {
      const direct = `ws://127.0.0.1:${processes[0]!.port}/socket`;
      const overSocket = new library.Socket(direct, { transport: WebSocket });
      sockets.push(overSocket);
      overSocket.connect();
      const lobbies = [connect(), overSocket].map((socket) => socket.channel('lobby'));
      const presences = lobbies.map((lobby) => new library.Presence(lobby));
      await Promise.all(lobbies.map((lobby) => answer(lobby.join())));
      await eventually(() => presences.every((presence) => presence.list().length === 2));
      overSocket.disconnect();
      await eventually(() => presences[0]!.list().length === 1);
    });

    it('misses nothing of a durable topic when its process is killed, and again when it is drained', async () => {
      let since: string | null = null;
      const received: number[] = [];
      const log = connect().channel('log:1', () => ({ since }));
      log.on('tick', (payload) => {
        const event = payload as { n: number; _id: string };
        received.push(event.n);
        since = event._id;
      });
      await answer(log.join());
      let n = 0;
      await processes[0]!.publishDurable('log:1', { n: n++ });
      await eventually(() => received.length === 1);
      for (const [at, signal] of [
        [0, 'SIGKILL'],
        [1, 'SIGKILL'],
        [0, 'SIGTERM'],
        [1, 'SIGTERM'],
      ] as const) {
        const ended = processes[at]!.kill(signal);
        for (let more = 0; more < 20; more++) await processes[0]!.publishDurable('log:1', { n: n++ });
        await ended;
        await processes[at]!.resume();
        await eventually(() => received.length === n, { timeoutMs: 20_000, what: `${n} events` });
      }
      assert.deepEqual(received, [...Array(n).keys()]);
    });

    it('falls back to it where WebSockets do not get through, and pushes what it was given meanwhile', async () => {
      const options = { transport: WebSocket, longPollFallbackMs: 500, sessionStorage: new PageStorage() };
      const socket = connect(options);
      const room = socket.channel('room:3');
      const joined = answer(room.join());
      await joined;
      assert.deepEqual(await answer(room.push('say', {})), {});
    });
  });
}

describe('the token of the official client over long-poll', () => {
  it('comes as a header with the first poll, and opens what it was made for', async () => {
    const channel = await ChannelProcess.start();
    const made = await fetch(`${channel.url}/token`, { method: 'POST', body: '{"channel":"system"}' });
    const { id, token } = (await made.json()) as { id: string; token: string };
    const options = { transport: phoenix18.LongPoll, authToken: token };
    const socket = new phoenix18.Socket(`ws://127.0.0.1:${channel.port}/socket`, options);
    socket.connect();
    assert.deepEqual(await answer(socket.channel('system').join()), { id });
    assert.ok(!channel.output.includes(token));
    socket.disconnect();
    await end(channel);
  });
});
