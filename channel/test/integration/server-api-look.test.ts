import assert from 'node:assert/strict';
import { once } from 'node:events';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

interface Topics {
  readonly topics: readonly { topic: string; subscribers: number }[];
  readonly next?: string;
  readonly asked: number;
  readonly answered: number;
}
interface Present {
  readonly count: number;
  readonly presence: Readonly<Record<string, { metas: { phx_ref: string }[] }>>;
  readonly next?: string;
}
interface History {
  readonly _id?: string;
  readonly events: readonly { _id: string; event: string; payload: { n: number; _id: string } }[];
}
interface Problem {
  readonly code: string;
  readonly _id?: string;
}

describe('looking at topics by the server API', function () {
  this.timeout(30_000);
  let redis: RedisServer;
  let both: readonly [ChannelProcess, ChannelProcess];
  const clients: RawClient[] = [];

  before(async () => {
    redis = await RedisServer.start();
    both = [await ChannelProcess.start('', redis), await ChannelProcess.start('', redis)];
  });
  after(async () => {
    await Promise.all(both.map((process) => process.stop()));
    await redis.stop();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  const open = async (process = both[0]): Promise<RawClient> => {
    const client = await RawClient.open(process.socketUrl);
    clients.push(client);
    return client;
  };
  const get = async (path: string, query: Record<string, string> = {}, from = both[0]): Promise<Response> =>
    from.operator('GET', `/mesh/channel/${path}?${new URLSearchParams(query).toString()}`);
  const read = async <Body>(path: string, query?: Record<string, string>, from?: ChannelProcess) =>
    (await (await get(path, query, from)).json()) as Body;

  it('counts subscribers of all processes, in order, a page at a time', async () => {
    const [first, second] = [await open(both[0]), await open(both[1])];
    for (const n of [3, 1, 2]) await first.join(`room:${n}`, `a${n}`);
    for (const n of [4, 3, 5]) await second.join(`room:${n}`, `b${n}`);
    await second.join('system', 's');
    const all = [1, 2, 3, 4, 5].map((n) => ({ topic: `room:${n}`, subscribers: n === 3 ? 2 : 1 }));
    for (const process of both) {
      const body = await read<Topics>('topics', { prefix: 'room:' }, process);
      assert.deepEqual(body, { topics: all, asked: 2, answered: 2 });
      const page = await read<Topics>('topics', { prefix: 'room:', limit: '2' }, process);
      assert.deepEqual([page.topics, page.next], [all.slice(0, 2), 'room:2']);
      const rest = await read<Topics>('topics', { prefix: 'room:', after: 'room:2', limit: '3' }, process);
      assert.deepEqual([rest.topics, rest.next], [all.slice(2), undefined]);
    }
    const { topics } = await read<Topics>('topics');
    assert.deepEqual(topics.at(-1), { topic: 'system', subscribers: 1 });
    first.send(['a3', 'l', 'room:3', 'phx_leave', {}]);
    await first.take(2);
    assert.equal((await read<{ subscribers: number }>('topic', { topic: 'room:3' })).subscribers, 1);
  });

  it('says of one topic how many there are, how many are present, and its rule', async () => {
    const [first, second] = [await open(both[0]), await open(both[1])];
    await first.join('lobby');
    await second.join('lobby');
    const body = await eventually(async () => {
      const topic = await read<Record<string, unknown>>('topic', { topic: 'lobby' });
      return topic['present'] === 2 && topic;
    });
    assert.equal(body['subscribers'], 2);
    assert.deepEqual(body['rule'], {
      pattern: 'lobby',
      plugin: 'mesh',
      join: 'public',
      push: 'public',
      presence: true,
      envelope: false,
      overflow: 'disconnect',
    });
    assert.equal((await read<{ subscribers: number }>('topic', { topic: 'room:none' })).subscribers, 0);
  });

  it('shows who is present in all processes, a page at a time', async () => {
    for (const process of [both[0], both[1], both[1]]) await (await open(process)).join('lobby');
    const whole = await eventually(async () => {
      const body = await read<Present>('presence', { topic: 'lobby' });
      return body.count === 3 && body;
    });
    const keys = Object.keys(whole.presence);
    assert.deepEqual(keys, keys.toSorted());
    const page = await read<Present>('presence', { topic: 'lobby', limit: '2' }, both[0]);
    assert.deepEqual([Object.keys(page.presence), page.next, page.count], [keys.slice(0, 2), keys[1], 3]);
    const rest = await read<Present>('presence', { topic: 'lobby', after: keys[1]! });
    assert.deepEqual([Object.keys(rest.presence), rest.next], [keys.slice(2), undefined]);
    assert.ok(rest.presence[keys[2]!]?.metas[0]?.phx_ref);
  });

  it('reads what a durable topic has kept, a page at a time, and says when something is missing', async () => {
    assert.deepEqual(await read<History>('history', { topic: 'log:1' }), { topic: 'log:1', events: [] });
    const ids = [];
    for (let n = 1; n <= 5; n++) ids.push(await both[0].publishDurable('log:1', { n }));
    const whole = await read<History>('history', { topic: 'log:1' });
    assert.deepEqual(
      whole.events.map(({ _id, event, payload }) => [_id, event, payload.n, payload._id]),
      ids.map((_id, at) => [_id, 'tick', at + 1, _id]),
    );
    const page = await read<History>('history', { topic: 'log:1', after: ids[1]!, limit: '2' });
    assert.deepEqual([page._id, page.events.map(({ payload }) => payload.n)], [ids[4], [3, 4]]);
    assert.deepEqual((await read<History>('history', { topic: 'log:1', after: ids[4]! })).events, []);
    for (let n = 1; n <= 30; n++) ids.push(await both[0].publishDurable('short:1', { n }));
    const response = await get('history', { topic: 'short:1', after: ids[5]! });
    const problem = (await response.json()) as Problem;
    assert.deepEqual([response.status, problem.code, problem._id], [410, 'MESH_HISTORY_GONE', ids.at(-1)]);
    assert.equal((await get('history', { topic: 'short:1', after: '1-5' })).status, 410);
  });

  it('hands out payloads byte for byte', async () => {
    const text = '{"n":1.0,"big":12345678901234567890}';
    const parameters = ['plugmesh_publish', '1', 'plugmesh:history:{log:2}', 'tick', text];
    const id = String(await both[0].bus.call('FCALL', ...parameters));
    const body = await (await get('history', { topic: 'log:2' })).text();
    assert.ok(body.includes(`"payload":${text.slice(0, -1)},"_id":"${id}"}`), body);
  });

  const wrong: [string, Record<string, string>, number, string][] = [
    ['topics', { limit: '0' }, 400, 'MESH_BAD_REQUEST'],
    ['topics', { limit: '1001' }, 400, 'MESH_BAD_REQUEST'],
    ['topics', { limit: '' }, 400, 'MESH_BAD_REQUEST'],
    ['topics', { topic: 'room:1' }, 400, 'MESH_BAD_REQUEST'],
    ['topic', {}, 400, 'MESH_BAD_REQUEST'],
    ['topic', { topic: 'nobody' }, 404, 'MESH_TOPIC_UNMATCHED'],
    ['presence', { topic: 'room:1' }, 404, 'MESH_NOT_FOUND'],
    ['history', { topic: 'room:1' }, 404, 'MESH_NOT_FOUND'],
    ['history', { topic: 'log:1', after: 'x' }, 400, 'MESH_BAD_REQUEST'],
  ];
  for (const [path, query, status, code] of wrong) {
    it(`answers ${status} to ${path} with ${JSON.stringify(query)}`, async () => {
      const response = await get(path, query);
      assert.deepEqual([response.status, ((await response.json()) as Problem).code], [status, code]);
    });
  }

  it('closes sockets of every process', async () => {
    const bus = await both[0].listen('from:room:7:phx_join');
    const client = await open(both[1]);
    await client.join('room:7');
    const { socket } = JSON.parse((await bus.payload('from:room:7:phx_join')).toString()) as {
      socket: string;
    };
    bus.stop();
    for (const order of [{}, { socket: 7 }, { everybody: true }]) {
      assert.equal((await both[0].operator('POST', '/mesh/channel/disconnect', order)).status, 400);
    }
    const response = await both[0].operator('POST', '/mesh/channel/disconnect', { socket });
    assert.deepEqual([response.status, await response.json()], [202, { processes: 2 }]);
    assert.equal(await client.closed(), 1001);
  });

  it('does not mind what others publish where processes ask each other', async () => {
    const queries = ['null', '{"limit":"x"}', '{"limit":-1}', '{"limit":0}', '{"limit":9,"prefix":{}}'];
    const questions = queries.map((query) => `{"id":"1","node":"x","query":${query}}`);
    for (const text of ['', '{', 'null', '7', '{"id":1}', ...questions]) {
      await both[0].bus.publish('plugmesh:census', text);
    }
    assert.equal((await read<Topics>('topics')).answered, 2);
  });

  it('counts only what is an answer', async () => {
    await (await open()).join('room:11');
    const forger = both[0].bus.duplicate();
    let forged = 0;
    forger.on('message', (_, question) => {
      const { id, node } = JSON.parse(question) as { id: string; node: string };
      for (const counts of ['x', [7], [[7, 1]], [['room:11', 'many']], [['room:11', -5]]]) {
        void both[0].bus.publish(`plugmesh:census:${node}`, JSON.stringify({ id, counts }));
        forged++;
      }
    });
    await forger.subscribe('plugmesh:census');
    try {
      const { topics, answered } = await read<Topics>('topics', { prefix: 'room:11' });
      assert.deepEqual([topics, answered], [[{ topic: 'room:11', subscribers: 1 }], 2]);
      assert.ok(forged > 0);
    } finally {
      forger.disconnect();
    }
  });

  it('does not wait for an answer of those who only watch the bus', async () => {
    const watcher = both[0].bus.duplicate();
    await watcher.psubscribe('*');
    try {
      const { asked, answered } = await read<Topics>('topics');
      assert.deepEqual([asked, answered], [2, 2]);
    } finally {
      watcher.disconnect();
    }
  });

  it('says how many processes did not answer in time', async () => {
    const [first, second] = [await open(both[0]), await open(both[1])];
    await first.join('room:8');
    await second.join('room:8');
    process.kill(both[1].pid, 'SIGSTOP');
    try {
      const body = await read<Topics>('topics', { prefix: 'room:8' });
      assert.deepEqual(body, { topics: [{ topic: 'room:8', subscribers: 1 }], asked: 2, answered: 1 });
    } finally {
      process.kill(both[1].pid, 'SIGCONT');
    }
    await eventually(async () => (await read<Topics>('topics')).answered === 2);
  });

  it('forgets a process that is killed', async () => {
    const third = await ChannelProcess.start('', redis);
    await (await open(third)).join('room:9');
    assert.equal((await read<Topics>('topics', { prefix: 'room:9' })).asked, 3);
    await third.kill();
    await eventually(async () => {
      const { topics, asked, answered } = await read<Topics>('topics', { prefix: 'room:9' });
      assert.deepEqual([topics, asked, answered], [[], 2, 2]);
      return true;
    });
    await third.stop();
  });

  it('answers 503 while Redis is away', async () => {
    const client = await open();
    await client.join('room:10');
    await redis.kill();
    for (const path of ['topics', 'topic?topic=lobby', 'presence?topic=lobby', 'history?topic=log:1']) {
      await eventually(async () => {
        const response = await both[0].operator('GET', `/mesh/channel/${path}`);
        return (
          response.status === 503 && ((await response.json()) as Problem).code === 'MESH_REDIS_UNAVAILABLE'
        );
      });
    }
    await redis.resume();
    await both[0].untilReady();
    await eventually(async () => (await get('topics')).status === 200, { timeoutMs: 10_000 });
    client.close();
    await once(client.webSocket, 'close').catch(() => undefined);
  });
});
