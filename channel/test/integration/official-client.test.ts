import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import * as phoenix1816 from 'phoenix';
import * as phoenix16 from 'phoenix-1.6';
import * as phoenix17 from 'phoenix-1.7';
import * as phoenix183 from 'phoenix-1.8.3';
import { WebSocket } from 'ws';
import { ChannelProcess } from '../support/channel-process.ts';
import { loadInBrowser } from '../support/in-browser.ts';
import { XMLHttpRequest } from '../support/xml-http-request.ts';

type Library = typeof phoenix1816;

/** A published version of the client, and what carries its frames. */
interface Row {
  readonly version: string;
  readonly library: Library;
  readonly transport: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The ways that bytes can take. */
  readonly bytes: 'both' | 'sent' | 'none';
  /** The close code that the client sees when the process drains. */
  readonly drained: number;
}

const BOTH_WAYS = { bytes: 'both', drained: 1012 } as const;
const WS = { transport: 'ws', options: { transport: WebSocket }, ...BOTH_WAYS };

/** Over long-poll, as in a browser. The close code is the client's own; version 1.6 writes bytes as `{}`. */
async function longPoll(version: string, name: string): Promise<Row> {
  const library = await loadInBrowser<Library>(name);
  const bytes = version.startsWith('1.6.') ? 'none' : 'sent';
  const options = { transport: library.LongPoll };
  return { version, library, transport: 'long-poll', options, bytes, drained: 1011 };
}

const ROWS: readonly Row[] = [
  { version: '1.6.16', library: phoenix16, ...WS },
  { version: '1.7.14', library: phoenix17, ...WS },
  { version: '1.8.3', library: phoenix183, ...WS },
  { version: '1.8.16', library: phoenix1816, ...WS },
  {
    version: '1.8.16',
    library: phoenix1816,
    transport: "Node's own WebSocket",
    options: { transport: globalThis.WebSocket },
    ...BOTH_WAYS,
  },
  await longPoll('1.6.16', 'phoenix-1.6'),
  await longPoll('1.7.14', 'phoenix-1.7'),
  await longPoll('1.8.3', 'phoenix-1.8.3'),
  await longPoll('1.8.16', 'phoenix'),
];

const QUICK = { reconnectAfterMs: () => 100, rejoinAfterMs: () => 100 };

const answer = (push: phoenix1816.Push): Promise<unknown> =>
  new Promise((resolve, reject) => {
    push
      .receive('ok', resolve)
      .receive('error', (response) => reject(new Error(JSON.stringify(response))))
      .receive('timeout', () => reject(new Error('timeout')));
  });

for (const { version, library, transport, options, bytes, drained } of ROWS) {
  const { Socket, Presence } = library;

  describe(`phoenix ${version} over ${transport}`, function () {
    this.timeout(60_000);
    let channel: ChannelProcess;
    const sockets: phoenix1816.Socket[] = [];

    const connect = (timing: object = QUICK): phoenix1816.Socket => {
      const socket = new Socket(`ws://127.0.0.1:${channel.port}/socket`, { ...options, ...timing });
      sockets.push(socket);
      socket.connect();
      return socket;
    };
    /** The member `n` of every tick, as they come. */
    const ticks = (room: phoenix1816.Channel): number[] => {
      const received: number[] = [];
      room.on('tick', (payload) => void received.push((payload as { n: number }).n));
      return received;
    };

    before(async () => {
      // Only long-poll looks for it.
      (globalThis as { XMLHttpRequest?: unknown }).XMLHttpRequest = XMLHttpRequest;
      channel = await ChannelProcess.start('[channel.limits]\npoll = "500ms"');
    });
    after(async () => {
      delete (globalThis as { XMLHttpRequest?: unknown }).XMLHttpRequest;
      await channel.stop();
    });
    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.disconnect();
    });

    it('joins and learns its id', async () => {
      const { id } = (await answer(connect().channel('room:1').join())) as { id: string };
      assert.match(id, /^[\w-]{60,}$/);
    });

    it('hears why a join is refused', async () => {
      await assert.rejects(answer(connect().channel('nobody').join()), /unmatched topic/);
      await assert.rejects(answer(connect().channel('members').join()), /MESH_UNAUTHORIZED/);
    });

    it('pushes to the bus and gets its reply', async () => {
      const bus = await channel.listen('from:room:2:*');
      const room = connect().channel('room:2');
      await answer(room.join());
      assert.deepEqual(await answer(room.push('say', { text: 'grüß' })), {});
      assert.equal((await bus.payload('from:room:2:say')).toString(), '{"text":"grüß"}');
      bus.stop();
    });

    it('receives broadcasts in order', async () => {
      const room = connect().channel('room:3');
      const received = ticks(room);
      await answer(room.join());
      for (let n = 0; n < 100; n++) void channel.bus.publish('to:room:3:tick', JSON.stringify({ n }));
      await eventually(() => received.length === 100);
      assert.deepEqual(received, [...Array(100).keys()]);
    });

    if (bytes !== 'none')
      it('sends bytes, and receives them where its transport can', async () => {
        const bus = await channel.listen('from:room:4:*');
        const room = connect().channel('room:4');
        const received: ArrayBuffer[] = [];
        room.on('data', (payload) => void received.push(payload as ArrayBuffer));
        await answer(room.join());
        await answer(room.push('data', new Uint8Array([0, 255, 7]).buffer));
        const published = await bus.payload('from:room:4:data');
        assert.deepEqual([...published], [0, 255, 7]);
        bus.stop();
        if (bytes === 'sent') return;
        await channel.bus.publish('to:room:4:data', published);
        await eventually(() => received.length === 1);
        assert.deepEqual([...new Uint8Array(received[0]!)], [0, 255, 7]);
      });

    it('sees who is there, who comes and who goes', async () => {
      const [first, second] = [connect(), connect()];
      const lobbies = [first, second].map((socket) => socket.channel('lobby'));
      const presences = lobbies.map((lobby) => new Presence(lobby));
      await Promise.all(lobbies.map((lobby) => answer(lobby.join())));
      await eventually(() => presences.every((presence) => presence.list().length === 2));
      assert.deepEqual(presences[0]!.state, presences[1]!.state);
      second.disconnect();
      await eventually(() => presences[0]!.list().length === 1, { timeoutMs: 15_000 });
    });

    it('leaves and hears nothing more, until it joins again', async () => {
      const socket = connect();
      const room = socket.channel('room:5');
      const received = ticks(room);
      await answer(room.join());
      await answer(room.leave());
      await eventually(() => room.state === 'closed');
      assert.equal(await channel.bus.publish('to:room:5:tick', '{"n":1}'), 1);
      const again = socket.channel('room:5');
      const receivedAgain = ticks(again);
      await answer(again.join());
      await channel.bus.publish('to:room:5:tick', '{"n":2}');
      // The first one may have been on its way still when the second join was answered.
      await eventually(() => receivedAgain.includes(2));
      assert.deepEqual(received, []);
    });

    it('has missed nothing of a durable topic when the process was killed and started again', async () => {
      let since: string | null = null;
      const room = connect().channel('log:6', () => ({ since }));
      const received = ticks(room);
      room.on('tick', (payload) => void (since = (payload as { _id: string })._id));
      await answer(room.join());
      for (let n = 0; n < 10; n++) await channel.publishDurable('log:6', { n });
      await eventually(() => received.length === 10);
      await channel.kill();
      for (let n = 10; n < 20; n++) await channel.publishDurable('log:6', { n });
      await channel.resume();
      await eventually(() => received.length === 20, { timeoutMs: 10_000 });
      await channel.publishDurable('log:6', { n: 20 });
      await eventually(() => received.length === 21);
      assert.deepEqual(received, [...Array(21).keys()]);
    });

    it('is back by its own timing within 3 s of a drain, and after Redis was killed', async () => {
      const socket = connect({});
      const codes: number[] = [];
      socket.onClose(({ code }) => void codes.push(code));
      const room = socket.channel('room:7');
      await answer(room.join());
      await channel.kill('SIGTERM');
      await eventually(() => codes.length > 0);
      const startedAt = performance.now();
      await channel.resume();
      // The client tries less and less often: where a start takes long, so may its return.
      const awayMs = performance.now() - startedAt;
      await eventually(() => room.state === 'joined', { timeoutMs: 3000 + awayMs });
      assert.equal(codes[0], drained);
      let errors = 0;
      room.onError(() => {
        errors++;
      });
      await channel.redis.kill();
      await eventually(() => errors > 0);
      await channel.redis.resume();
      await eventually(() => room.state === 'joined', { timeoutMs: 15_000 });
      assert.deepEqual(await answer(room.push('say', {})), {});
    });
  });
}
