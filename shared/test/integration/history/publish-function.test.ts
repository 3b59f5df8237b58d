import assert from 'node:assert/strict';
import { historyKey, historyLibrary, parseEventId, streamKey } from '@plugmesh/shared/history';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import fc from 'fast-check';
import { Redis } from 'ioredis';

const HOUR = 3_600_000;
const STREAMS = 'elsewhere';

const RULES = [
  { pattern: 'weather:*', history: { size: 5, ttlMs: HOUR } },
  { pattern: 'weather:live:*' },
  { pattern: 'weather:live:kept', history: { size: 5, ttlMs: HOUR } },
  { pattern: 'brief', history: { size: 1000, ttlMs: 1000 } },
  { pattern: 'a"]] = nil, ["', history: { size: 5, ttlMs: HOUR } },
  { pattern: 'größe:*', history: { size: 5, ttlMs: HOUR } },
  { pattern: 'plain' },
];

describe('the Redis function plugmesh_publish', () => {
  let server: RedisServer;
  let redis: Redis;

  const publish = async (
    topic: string,
    event: string,
    payload: string | Buffer,
    once?: string,
  ): Promise<string> =>
    String(
      await redis.call(
        'FCALL',
        ...['plugmesh_publish', '1', historyKey(topic), event, payload],
        ...(once === undefined ? [] : [once]),
      ),
    );

  const kept = async (topic: string): Promise<string[]> =>
    (await redis.xrange(streamKey(STREAMS, topic), '-', '+')).map(([, fields]) => String(fields[5]));

  before(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.url);
    await redis.call('FUNCTION', 'LOAD', 'REPLACE', historyLibrary(RULES, STREAMS));
  });
  after(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(() => redis.flushall());

  it('numbers, keeps and publishes in one step, the payload as it was written', async () => {
    const listener = new Redis(server.url);
    const heard: [string, string][] = [];
    listener.on('pmessage', (_: string, name: string, text: string) => void heard.push([name, text]));
    await listener.psubscribe('to:*');
    const first = await publish('weather:paris', 'update', ' { "t": 21.50, "none": [] } ');
    const second = await publish('weather:paris', 'update', '{}');
    const { epoch = '' } = parseEventId(first) ?? {};
    assert.deepEqual([first, second], [`${epoch}-1`, `${epoch}-2`]);
    const texts = [`{ "t": 21.50, "none": [] ,"_id":"${first}"}`, `{"_id":"${second}"}`];
    assert.deepEqual(await kept('weather:paris'), texts);
    await eventually(() => heard.length === 2);
    assert.deepEqual(
      heard,
      texts.map((text) => ['to:weather:paris:update', text]),
    );
    listener.disconnect();
  });

  it('begins another epoch when the stream was emptied', async () => {
    const [before, , after] = [
      await publish('brief', 'e', '{}'),
      await redis.flushall(),
      await publish('brief', 'e', '{}'),
    ];
    assert.equal(parseEventId(after)?.number, 1);
    assert.notEqual(parseEventId(after)?.epoch, parseEventId(before)?.epoch);
  });

  it('keeps as many events as the rule says, and forgets those that are too old', async () => {
    for (let n = 1; n <= 7; n++) await publish('weather:paris', 'update', `{"n":${n}}`);
    assert.deepEqual(
      (await kept('weather:paris')).map((text) => (JSON.parse(text) as { n: number }).n),
      [3, 4, 5, 6, 7],
    );
    const old = await Promise.all([...Array(250).keys()].map(() => publish('brief', 'e', '{}')));
    await eventually(async () => {
      await publish('brief', 'e', '{}');
      return (await kept('brief')).every((text) => !old.some((id) => text.includes(`"${id}"`)));
    });
    await eventually(async () => (await redis.exists(streamKey(STREAMS, 'brief'))) === 0, {
      what: 'the end of the stream',
    });
  });

  it('answers the first id to the same idempotency key, and publishes once', async () => {
    const first = await publish('weather:paris', 'update', '{"n":1}', 'order-7}');
    assert.equal(await publish('weather:paris', 'update', '{"n":1}', 'order-7}'), first);
    assert.notEqual(await publish('weather:paris', 'update', '{"n":2}', 'order-8}'), first);
    assert.equal((await kept('weather:paris')).length, 2);
    assert.notEqual(await publish('weather:rome', 'update', '{"n":1}', 'order-7}'), first);
  });

  it('takes the most specific rule', async () => {
    for (const topic of ['weather:x', 'weather:live:kept', 'a"]] = nil, ["', 'größe:ä'])
      await publish(topic, 'e', '{}');
    for (const topic of ['weather', 'weather:live:other', 'plain', 'nobody', 'größ']) {
      await assert.rejects(publish(topic, 'e', '{}'), /MESH_TOPIC_UNMATCHED no rule with "history"/, topic);
    }
  });

  it('refuses what is no JSON object, and names that the bus does not have', async () => {
    const wrong = [
      '',
      'x',
      '[]',
      '1',
      '{',
      '{}{}',
      '{"a":NaN}',
      '{"a":0x10}',
      '{"a":01}',
      '{"a":1.}',
      '{"a":-.5}',
      '{"a":"\n"}',
    ];
    for (const payload of [...wrong, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])]) {
      await assert.rejects(
        publish('weather:x', 'e', payload),
        /MESH_BAD_REQUEST the payload/,
        String(payload),
      );
    }
    await assert.rejects(publish('weather:x', 'e', '{"_id":"1-1"}'), /MESH_BAD_REQUEST "_id"/);
    for (const event of ['', 'a:b', 'a\nb', 'x'.repeat(256)]) {
      await assert.rejects(publish('weather:x', event, '{}'), /MESH_BAD_REQUEST topic and event/);
    }
    await assert.rejects(
      redis.call('FCALL', 'plugmesh_publish', '1', 'other', 'e', '{}'),
      /MESH_BAD_REQUEST expected/,
    );
    assert.equal(await redis.dbsize(), 0);
  });

  it('takes every object that JSON.stringify writes, and only adds _id', async () => {
    const objects = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ stringUnit: 'grapheme' }));
    await fc.assert(
      fc.asyncProperty(objects, fc.constantFrom(undefined, 2), async (object, indent) => {
        fc.pre(!Object.hasOwn(object, '_id'));
        const text = JSON.stringify(object, undefined, indent);
        const _id = await publish('weather:x', 'e', text);
        const entry = (await kept('weather:x')).at(-1) ?? '';
        assert.ok(entry.startsWith(text.slice(0, -1)));
        assert.deepEqual(JSON.parse(entry), { ...(JSON.parse(text) as object), _id });
      }),
    );
  });

  it('takes nothing that JSON.parse refuses', async () => {
    const pieces = fc.constantFrom(
      '0',
      '1',
      '.',
      '-',
      '+',
      'e',
      'E',
      'x',
      'nan',
      'inf',
      'true',
      'null',
      '"',
      '\\',
      'u12',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      ' ',
      '\n',
      '\f',
      '\u007f',
      'ä',
      '/*',
      "'",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 6 }), fc.boolean(), async (parts, inString) => {
        const text = inString ? `{"a":"${parts.join('')}"}` : `{"a":${parts.join('')}}`;
        const taken = await publish('weather:x', 'e', text).then(
          () => true,
          () => false,
        );
        if (taken) assert.doesNotThrow(() => JSON.parse(text), text);
      }),
      { numRuns: 3000 },
    );
  });
});
