import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeObjectFrame,
  encodeObjectEnd,
  encodeObjectPush,
  encodeObjectReply,
  objectBroadcastHead,
} from '../../../src/protocol/frames-v1.ts';

describe('object frames (protocol version 1)', () => {
  const decoded = [
    ['a join, known by its ref', { event: 'phx_join', payload: {}, ref: '4' }, ['4', '4', '{}']],
    ['a join with a join_ref', { event: 'phx_join', payload: {}, ref: '4', join_ref: '3' }, ['3', '4', '{}']],
    ['a push', { event: 'say', payload: { a: [1, '}'] }, ref: 9 }, [null, 9, '{"a":[1,"}"]}']],
    ['a push without a ref', { event: 'say', payload: null }, [null, null, 'null']],
  ] as const;
  for (const [label, frame, [joinRef, ref, payload]] of decoded) {
    it(`decode ${label}`, () =>
      assert.deepEqual(decodeObjectFrame(JSON.stringify({ topic: 't:1', ...frame })), {
        joinRef,
        ref,
        topic: 't:1',
        event: frame.event,
        payload,
      }));
  }

  it('keep any payload byte for byte, wherever it stands', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), fc.string(), (payload, other, name) => {
        const extra = `${JSON.stringify(`x${name}`)} : ${other}`;
        const frame = `{${extra}, "topic":"t","payload" :${payload} ,"event":"e",${extra}}`;
        assert.equal(decodeObjectFrame(frame)?.payload, payload.trim());
      }),
    );
  });

  it('take the last of two payloads, and its name however it is written', () => {
    const frame = '{"topic":"t","event":"e","payload":1,"p\\u0061yload":2.0}';
    assert.equal(decodeObjectFrame(frame)?.payload, '2.0');
  });

  const malformed = [
    '{"topic"',
    '["1","2","t","e",{}]',
    '{"topic":"t","event":"e"}',
    '{"topic":"","event":"e","payload":{}}',
    '{"topic":"t","event":7,"payload":{}}',
    '{"topic":"t","event":"e","payload":{},"ref":{}}',
    '{"topic":"t","event":"e","payload":{},"join_ref":true}',
    '{"topic":"\\ud800","event":"e","payload":{}}',
    'null',
    '7',
    '',
  ];
  for (const frame of malformed) {
    it(`refuse ${frame}`, () => assert.equal(decodeObjectFrame(frame), undefined));
  }

  it('encode a reply, a push, the end of a membership and a broadcast', () => {
    const at = { joinRef: '4', topic: 't' };
    const encoded = [
      encodeObjectReply({ ...at, ref: '9', status: 'ok', response: {} }),
      encodeObjectPush({ ...at, event: 'presence_state', payload: {} }),
      encodeObjectEnd({ ...at, event: 'phx_close', payload: {} }),
      `${objectBroadcastHead({ topic: 't', event: 'say' })}{"n":1}}`,
    ];
    assert.deepEqual(
      encoded.map((text) => JSON.parse(text) as unknown),
      [
        { topic: 't', event: 'phx_reply', payload: { status: 'ok', response: {} }, ref: '9' },
        { topic: 't', event: 'presence_state', payload: {}, ref: null },
        { topic: 't', event: 'phx_close', payload: {}, ref: '4' },
        { topic: 't', event: 'say', payload: { n: 1 }, ref: null },
      ],
    );
  });
});
