import assert from 'node:assert/strict';
import {
  broadcastHead,
  decodeBinaryFrame,
  decodeObjectFrame,
  decodeTextFrame,
  encodeBinaryBroadcast,
  encodeBinaryMessage,
  encodeBinaryPush,
  encodeBinaryReply,
  encodeBroadcast,
  encodeObjectPush,
  encodeObjectReply,
  encodePush,
  encodeReply,
  objectBroadcastHead,
} from '../../../src/protocol/index.ts';

const EFG = Buffer.from([101, 102, 103]);
const ONES = Buffer.from([1, 1]);
const LONG = 'x'.repeat(256);
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

// The labelled examples of Phoenix' own tests: assets/test/serializer_test.js (JavaScript) and
// test/phoenix/socket/v2_json_serializer_test.exs, v1_json_serializer_test.exs (Elixir).

/** What a client sends → what we read. */
const DECODED = [
  [
    'JavaScript: general pushes',
    () => decodeTextFrame('["0","1","t","e",{"foo":1}]'),
    { joinRef: '0', ref: '1', topic: 't', event: 'e', payload: '{"foo":1}' },
  ],
  [
    'JavaScript: binary',
    () => decodeBinaryFrame(bytes('\0\x01\x01\x01\x0101te\x01')),
    { joinRef: '0', ref: '1', topic: 't', event: 'e', payload: Buffer.from([1]) },
  ],
  [
    'JavaScript: variable length segments',
    () => decodeBinaryFrame(bytes('\0\x02\x01\x03\x02101topev\x01')),
    { joinRef: '10', ref: '1', topic: 'top', event: 'ev', payload: Buffer.from([1]) },
  ],
  [
    'Elixir V2: a message',
    () => decodeTextFrame('[null,null,"t","e",{"m":1}]'),
    { joinRef: null, ref: null, topic: 't', event: 'e', payload: '{"m":1}' },
  ],
  [
    'Elixir V2: a binary pushed message',
    () => decodeBinaryFrame(bytes('\0\x02\x03\x05\x0512123topiceventefg')),
    { joinRef: '12', ref: '123', topic: 'topic', event: 'event', payload: EFG },
  ],
  [
    'Elixir V1: a message',
    () => decodeObjectFrame('{"event":"e","payload":"m","ref":null,"topic":"t"}'),
    { joinRef: null, ref: null, topic: 't', event: 'e', payload: '"m"' },
  ],
] as const;

/** What we write → its bytes. */
const ENCODED = [
  [
    'JavaScript: decodes push',
    () => encodeBinaryPush({ joinRef: '123', topic: 'top', event: 'some-event', payload: ONES }),
    bytes('\0\x03\x03\n123topsome-event\x01\x01'),
  ],
  [
    'JavaScript: decodes reply',
    () => encodeBinaryReply({ joinRef: '100', ref: '12', topic: 'top', status: 'ok', response: ONES }),
    bytes('\x01\x03\x02\x03\x0210012topok\x01\x01'),
  ],
  [
    'JavaScript: decodes broadcast',
    () => encodeBinaryBroadcast({ topic: 'top', event: 'some-event', payload: ONES }),
    bytes('\x02\x03\ntopsome-event\x01\x01'),
  ],
  [
    'Elixir V2: general pushed message',
    () => encodeBinaryPush({ joinRef: '12', topic: 'topic', event: 'event', payload: EFG }),
    bytes('\0\x02\x05\x0512topiceventefg'),
  ],
  [
    'Elixir V2: reply',
    () => encodeBinaryReply({ joinRef: '12', ref: '123', topic: 'topic', status: 'ok', response: EFG }),
    bytes('\x01\x02\x03\x05\x0212123topicokefg'),
  ],
  [
    'Elixir V2: fastlane of bytes',
    () => encodeBinaryBroadcast({ topic: 'topic', event: 'event', payload: EFG }),
    bytes('\x02\x05\x05topiceventefg'),
  ],
  [
    'Elixir V2: fastlane',
    () => encodeBroadcast({ topic: 't', event: 'e', payload: Buffer.from('{"m":1}') }),
    Buffer.from('[null,null,"t","e",{"m":1}]'),
  ],
] as const;

/** What we write as text → its value. Of objects the order of members says nothing. */
const WRITTEN = [
  [
    'Elixir V2: a message',
    () => encodePush({ joinRef: null, topic: 't', event: 'e', payload: { m: 1 } }),
    [null, null, 't', 'e', { m: 1 }],
  ],
  [
    'Elixir V2: a reply',
    () => encodeReply({ joinRef: null, ref: null, topic: 't', status: 'ok', response: { m: 1 } }),
    [null, null, 't', 'phx_reply', { status: 'ok', response: { m: 1 } }],
  ],
  ['Elixir V2: fastlane', () => `${broadcastHead('t', 'e')}{"m":1}]`, [null, null, 't', 'e', { m: 1 }]],
  [
    'Elixir V1: a message',
    () => encodeObjectPush({ joinRef: null, topic: 't', event: 'e', payload: 'm' }),
    { event: 'e', payload: 'm', ref: null, topic: 't' },
  ],
  [
    'Elixir V1: a reply, without a join_ref',
    () => encodeObjectReply({ joinRef: '1', ref: 'null', topic: 't', status: 'ok', response: null }),
    { event: 'phx_reply', payload: { response: null, status: 'ok' }, ref: 'null', topic: 't' },
  ],
  [
    'Elixir V1: fastlane',
    () => `${objectBroadcastHead({ topic: 't', event: 'e' })}"m"}`,
    { event: 'e', payload: 'm', ref: null, topic: 't' },
  ],
] as const;

const PUSH = { joinRef: '12', topic: 'topic', event: 'event', payload: EFG } as const;
const REPLY = { joinRef: '12', ref: '123', topic: 'topic', status: 'ok', response: EFG } as const;

/** Fields of more than 255 bytes, which have no binary form. */
const OVERSIZED = [
  ['topic of a push', () => encodeBinaryPush({ ...PUSH, topic: LONG })],
  ['event of a push', () => encodeBinaryPush({ ...PUSH, event: LONG })],
  ['join_ref of a push', () => encodeBinaryPush({ ...PUSH, joinRef: LONG })],
  ['ref of a reply', () => encodeBinaryReply({ ...REPLY, ref: LONG })],
  ['topic of a broadcast', () => encodeBinaryBroadcast({ ...PUSH, topic: LONG })],
  ['event of a broadcast', () => encodeBinaryBroadcast({ ...PUSH, event: LONG })],
  ['ref of a message', () => encodeBinaryMessage({ ...PUSH, ref: LONG })],
] as const;

describe("Phoenix' own serializer examples", () => {
  for (const [label, decode, message] of DECODED) {
    it(`are read, ${label}`, () => assert.deepEqual(decode(), message));
  }
  for (const [label, encode, expected] of ENCODED) {
    it(`are written byte for byte, ${label}`, () => assert.deepEqual(encode(), expected));
  }
  for (const [label, encode, expected] of WRITTEN) {
    it(`are written, ${label}`, () => assert.deepEqual(JSON.parse(encode()), expected));
  }
  for (const [label, encode] of OVERSIZED) {
    it(`are refused when too long, ${label}`, () => assert.throws(encode, RangeError));
  }
});
