import assert from 'node:assert/strict';
import { once } from 'node:events';
import { encodeBinaryBroadcast } from '@plugmesh/shared/protocol';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { API_ADDRESSES } from '../../src/api/server-api.ts';
import { ChannelProcess, historyStream } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

interface Body {
  readonly code?: string;
  readonly _id?: string;
  readonly allow?: string;
  readonly results?: readonly (Body & { status: number })[];
}

describe('publishing by the server API', function () {
  this.timeout(30_000);
  let redis: RedisServer;
  let channel: ChannelProcess;
  let other: ChannelProcess;
  const clients: RawClient[] = [];

  before(async () => {
    redis = await RedisServer.start();
    channel = await ChannelProcess.start('limits.frame = "64KiB"', redis);
    other = await ChannelProcess.start('', redis);
  });
  after(async () => {
    await Promise.all([channel.stop(), other.stop()]);
    await redis.stop();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  const join = async (topic: string, process = other): Promise<RawClient> => {
    const client = await RawClient.open(process.socketUrl);
    clients.push(client);
    await client.join(topic);
    return client;
  };
  const post = async (path: string, body: unknown, key?: string): Promise<[number, Body]> => {
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const response = await channel.operator('POST', `/mesh/channel/${path}`, body, headers);
    return [response.status, (await response.json()) as Body];
  };
  const publish = (body: unknown, key?: string): Promise<[number, Body]> => post('publish', body, key);
  /** The events of its topic that a client was sent, in order; Redis has nothing more for it. */
  const eventsOf = async (client: RawClient, topic: string): Promise<unknown[]> => {
    await channel.bus.publish(`to:${topic}:end`, '{}');
    const events = [];
    for (;;) {
      const [, , , event] = (await client.next()) as unknown[];
      if (event === 'end') return events;
      events.push(event);
    }
  };

  it('is for the operator alone, and says so before anything else', async () => {
    for (const address of API_ADDRESSES) {
      const [method = '', path = ''] = address.split(' ');
      for (const authorization of ['', 'Bearer x', 'Bearer operator.x', 'Basic b3BlcmF0b3I6eA==']) {
        const response = await fetch(channel.url + path, { method, headers: { authorization } });
        assert.equal(response.status, 401, `${address} ${authorization}`);
        assert.equal(response.headers.get('www-authenticate'), 'Bearer');
        assert.equal(((await response.json()) as Body).code, 'MESH_UNAUTHORIZED');
      }
    }
  });

  it('answers 405 with the methods of an address, and 404 to none of its own', async () => {
    const response = await channel.operator('GET', '/mesh/channel/publish');
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST']);
    assert.equal((await channel.operator('GET', '/mesh/channel/other')).status, 404);
  });

  it('reaches sockets of every process, with the payload as it was written', async () => {
    const receivers = [await join('room:1', channel), await join('room:1', other)];
    const texts = receivers.map((client) => once(client.webSocket, 'message') as Promise<[Buffer]>);
    const payload =
      '{"big":12345678901234567890,"one":1.0,"e":1e2,"list":[],"__proto__":{"a":-0},"t":"ü\\n"}';
    const [status, body] = await publish(`{"topic":"room:1","event":"say","payload":${payload}}`);
    assert.deepEqual([status, body], [200, { topic: 'room:1', event: 'say' }]);
    for (const [text] of await Promise.all(texts)) {
      assert.equal(text.toString(), `[null,null,"room:1","say",${payload}]`);
    }
  });

  it('publishes bytes, and arrays', async () => {
    const client = await join('room:1');
    const payload = Buffer.from([0, 0xff, 7]);
    await publish({ topic: 'room:1', event: 'raw', base64: payload.toString('base64') });
    await publish({ topic: 'room:1', event: 'list', payload: [1, 'two'] });
    const [bytes, list] = await client.take(2);
    assert.deepEqual(bytes, encodeBinaryBroadcast({ topic: 'room:1', event: 'raw', payload }));
    assert.deepEqual(list, [null, null, 'room:1', 'list', [1, 'two']]);
  });

  const at = { topic: 'room:1', event: 'say' };
  const wrong: [string, unknown, number, string][] = [
    ['no JSON', '{', 400, 'MESH_BAD_REQUEST'],
    ['no object', '[]', 400, 'MESH_BAD_REQUEST'],
    ['a number', '12345678901234567890', 400, 'MESH_BAD_REQUEST'],
    ['JSON without an end', '['.repeat(500_000), 400, 'MESH_BAD_REQUEST'],
    [
      'JSON that nests too deeply',
      `{"payload":${'['.repeat(400_000)}${']'.repeat(400_000)}}`,
      400,
      'MESH_BAD_REQUEST',
    ],
    ['no topic', { event: 'say', payload: {} }, 400, 'MESH_BAD_REQUEST'],
    ['a topic that is too long', { ...at, topic: 'x'.repeat(256), payload: {} }, 400, 'MESH_BAD_REQUEST'],
    ['a topic with a line end', { ...at, topic: 'a\nb', payload: {} }, 400, 'MESH_BAD_REQUEST'],
    ['a topic without a rule', { ...at, topic: 'nobody', payload: {} }, 404, 'MESH_TOPIC_UNMATCHED'],
    ["the protocol's topic", { ...at, topic: 'phoenix', payload: {} }, 404, 'MESH_TOPIC_UNMATCHED'],
    ['an event with a colon', { ...at, event: 'a:b', payload: {} }, 400, 'MESH_BAD_REQUEST'],
    ["an event of the protocol's", { ...at, event: 'phx_close', payload: {} }, 400, 'MESH_BAD_REQUEST'],
    ['an event of presence', { ...at, event: 'presence_diff', payload: {} }, 400, 'MESH_BAD_REQUEST'],
    ['no payload', at, 400, 'MESH_BAD_REQUEST'],
    ['a payload that is no container', { ...at, payload: 'text' }, 400, 'MESH_BAD_REQUEST'],
    [
      'a number of many digits as payload',
      '{"topic":"room:1","event":"say","payload":1.00000000000000000001}',
      400,
      'MESH_BAD_REQUEST',
    ],
    ['two payloads', { ...at, payload: {}, base64: '' }, 400, 'MESH_BAD_REQUEST'],
    ['bad base64', { ...at, base64: 'a' }, 400, 'MESH_BAD_REQUEST'],
    ['an unknown field', { ...at, payload: {}, ttl: 5 }, 400, 'MESH_BAD_REQUEST'],
    ['bytes for a durable topic', { ...at, topic: 'log:1', base64: '' }, 400, 'MESH_BAD_REQUEST'],
    ['a list for a durable topic', { ...at, topic: 'log:1', payload: [] }, 400, 'MESH_BAD_REQUEST'],
    ['an _id of its own', { ...at, topic: 'log:1', payload: { _id: 'x' } }, 400, 'MESH_BAD_REQUEST'],
    ['a payload above the limit', { ...at, payload: ['x'.repeat(66_000)] }, 413, 'MESH_BODY_TOO_LARGE'],
    ['a body above the limit', { ...at, payload: ['x'.repeat(8_000_000)] }, 413, 'MESH_BODY_TOO_LARGE'],
  ];
  for (const [what, body, status, code] of wrong) {
    it(`refuses ${what} with ${status}`, async () => {
      const client = await join('room:1');
      const [received, problem] = await publish(body);
      assert.deepEqual([received, problem.code], [status, code]);
      assert.deepEqual(await eventsOf(client, 'room:1'), []);
    });
  }

  it('publishes to a durable topic with its id, and keeps it', async () => {
    const client = await join('log:1');
    const [status, body] = await publish('{"topic":"log:1","event":"tick","payload":{"n":1.0}}');
    assert.equal(status, 200);
    assert.deepEqual(await client.next(), [null, null, 'log:1', 'tick', { n: 1, _id: body._id }]);
    const [[, fields] = ['', []]] = await channel.bus.xrange(historyStream('log:1'), '-', '+');
    assert.equal(fields[5], `{"n":1.0,"_id":"${body._id}"}`);
  });

  for (const topic of ['room:2', 'log:2']) {
    it(`publishes once to '${topic}' for a key, whoever sends it how often, and replays the result`, async () => {
      const client = await join(topic);
      const message = { topic, event: 'paid', payload: { n: 1 } };
      const many = await Promise.all(Array.from({ length: 20 }, () => publish(message, `"${topic}-1"`)));
      const twice = await other.operator('POST', '/mesh/channel/publish', message, {
        'idempotency-key': `${topic}-1`,
      });
      assert.deepEqual(await twice.json(), many[0]?.[1]);
      for (const each of many) assert.deepEqual(each, many[0]);
      assert.equal(many[0]?.[0], 200);
      assert.deepEqual(await eventsOf(client, topic), ['paid']);
    });

    it(`refuses a key of '${topic}' that comes with another message`, async () => {
      const client = await join(topic);
      const message = { topic, event: 'paid', payload: { n: 2 } };
      await publish(message, 'key-2');
      const others = [
        { ...message, payload: { n: 3 } },
        { ...message, event: 'unpaid' },
        { ...message, topic: 'room:9' },
        { ...message, topic: 'log:9' },
      ];
      for (const each of others) {
        const [status, { code }] = await publish(each, 'key-2');
        assert.deepEqual([status, code], [422, 'MESH_IDEMPOTENCY_MISMATCH']);
      }
      await publish({ ...message, payload: { n: 3 } }, 'key-3');
      assert.deepEqual(await eventsOf(client, topic), ['paid', 'paid']);
      await channel.bus.del('plugmesh:once:key-2', 'plugmesh:once:key-3');
    });
  }

  it('frees a key whose message was refused, and forgets keys some day', async () => {
    const wrongs = { topic: 'log:3', event: 'tick', payload: { _id: 'x' } };
    assert.equal((await publish(wrongs, 'key-4'))[0], 400);
    assert.equal((await publish({ ...wrongs, payload: {} }, 'key-4'))[0], 200);
    await publish({ topic: 'room:1', event: 'say', payload: {} }, 'key-5');
    for (const [key, most] of [
      ['key-4', 3_600_000],
      ['key-5', 600_000],
    ] as const) {
      const ttl = await channel.bus.pttl(`plugmesh:once:${key}`);
      assert.ok(ttl > 0 && ttl <= most, `${key}: ${ttl}`);
    }
  });

  for (const key of ['', '"open', '"a", "b"', 'a b', '"ü"', 'x'.repeat(256)]) {
    it(`refuses the key ${key.slice(0, 20)}`, async () => {
      const message = { topic: 'room:1', event: 'say', payload: {} };
      // Headers are bytes: what is not ASCII goes out as latin1.
      const [status, { code }] = await publish(message, key);
      assert.deepEqual([status, code], [400, 'MESH_BAD_REQUEST']);
    });
  }

  it('publishes a batch in order, with an answer for each message', async () => {
    const client = await join('room:3');
    const message = (event: string): object => ({ topic: 'room:3', event, payload: {} });
    const [status, { results = [] }] = await post('batch', {
      messages: [
        message('a'),
        { ...message('b'), idempotencyKey: 'key-6' },
        message('phx_close'),
        7,
        { ...message('b'), idempotencyKey: 'key-6' },
        { ...message('c'), idempotencyKey: 'key-6' },
        { topic: 'log:4', event: 'd', payload: {} },
        { ...message('e'), base64: '' },
        message('f'),
      ],
    });
    assert.equal(status, 200);
    assert.deepEqual(
      results.map((each) => each.code ?? each.status),
      [
        200,
        200,
        'MESH_BAD_REQUEST',
        'MESH_BAD_REQUEST',
        200,
        'MESH_IDEMPOTENCY_MISMATCH',
        200,
        'MESH_BAD_REQUEST',
        200,
      ],
    );
    assert.ok(results[6]?._id);
    assert.deepEqual(await eventsOf(client, 'room:3'), ['a', 'b', 'f']);
  });

  it('takes up to 100 messages, and a key for each instead of one for all', async () => {
    const client = await join('room:4');
    const messages = Array.from({ length: 101 }, (_, n) => ({
      topic: 'room:4',
      event: `e${n}`,
      payload: {},
    }));
    for (const body of [{ messages }, { messages: [] }, { messages: 7 }, {}, { messages: [], more: 1 }]) {
      assert.equal((await post('batch', body))[0], 400);
    }
    assert.equal((await post('batch', { messages: messages.slice(0, 1) }, 'key-7'))[0], 400);
    assert.equal((await post('batch', { messages: messages.slice(0, 100) }))[0], 200);
    assert.deepEqual(
      await eventsOf(client, 'room:4'),
      messages.slice(0, 100).map(({ event }) => event),
    );
  });

  it('answers 503 while Redis is away, and works when it is back', async () => {
    await redis.kill();
    const message = { topic: 'room:1', event: 'say', payload: {} };
    await eventually(async () => {
      const response = await channel.operator('POST', '/mesh/channel/publish', message);
      const { code } = (await response.json()) as Body;
      return code === 'MESH_REDIS_UNAVAILABLE' && response.headers.has('retry-after');
    });
    assert.equal((await post('batch', { messages: [message] }))[0], 503);
    await redis.resume();
    await channel.untilReady();
    await eventually(async () => (await publish(message))[0] === 200, { timeoutMs: 10_000 });
  });
});
