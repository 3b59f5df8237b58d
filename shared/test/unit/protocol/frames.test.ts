import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeBinaryFrame,
  decodeTextFrame,
  encodeBinaryBroadcast,
  encodeBinaryMessage,
  encodeBinaryPush,
  encodeBinaryReply,
  encodeBroadcast,
  encodeEnd,
  encodePush,
  encodeReply,
  isJsonContainer,
  type Ref,
} from '../../../src/protocol/frames.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('text frames', () => {
  const decoded = [
    ['join', '["4","4","room:1","phx_join",{}]', ['4', '4', 'room:1', 'phx_join', '{}']],
    ['push', '["4","9","room:1","new_msg",{"a":1}]', ['4', '9', 'room:1', 'new_msg', '{"a":1}']],
    ['heartbeat', '[null,"10","phoenix","heartbeat",{}]', [null, '10', 'phoenix', 'heartbeat', '{}']],
    ['numbers as references', '[1,2,"t","e",[]]', [1, 2, 't', 'e', '[]']],
    ['more than five elements', '["1","2","t","e",{"a":[1,{}]},6,[7]]', ['1', '2', 't', 'e', '{"a":[1,{}]}']],
    ['spaces', ' [ "1" , "2" , "t" , "e" ,  { "a" : 1 }  ] ', ['1', '2', 't', 'e', '{ "a" : 1 }']],
    [
      'brackets, commas and quotes in names',
      '["1","2","a,]\\"\\\\","e[",{}]',
      ['1', '2', 'a,]"\\', 'e[', '{}'],
    ],
    ['a number kept as it was written', '["1","2","t","e",1.0e2]', ['1', '2', 't', 'e', '1.0e2']],
    ['a string payload', '["1","2","t","e","x]"]', ['1', '2', 't', 'e', '"x]"']],
  ] as const;
  for (const [label, frame, [joinRef, ref, topic, event, payload]] of decoded) {
    it(`decodes ${label}`, () =>
      assert.deepEqual(decodeTextFrame(frame), { joinRef, ref, topic, event, payload }));
  }

  const malformed = [
    ['no JSON', '{"topic"'],
    ['an object (V1)', '{"topic":"t","event":"e","payload":{},"ref":"1"}'],
    ['four elements', '["1","2","t","e"]'],
    ['an object as reference', '[{},"2","t","e",{}]'],
    ['a boolean as reference', '["1",true,"t","e",{}]'],
    ['a reference without a finite value', '[1e999,"2","t","e",{}]'],
    ['a topic that is a number', '["1","2",3,"e",{}]'],
    ['an empty topic', '["1","2","","e",{}]'],
    ['an empty event', '["1","2","t","",{}]'],
    ['half a surrogate pair as topic', '["1","2","\\ud800","e",{}]'],
    ['a byte order mark', '\ufeff["1","2","t","e",{}]'],
    ['nothing', ''],
  ] as const;
  for (const [label, frame] of malformed) {
    it(`refuses ${label}`, () => assert.equal(decodeTextFrame(frame), undefined));
  }

  it('keeps any payload byte for byte, whatever follows it', () => {
    const text = fc.json();
    fc.assert(
      fc.property(text, fc.array(text), (payload, extra) => {
        const frame = `["1",null,"t","e",${[payload, ...extra].join(',')}]`;
        assert.equal(decodeTextFrame(frame)?.payload, payload.trim());
      }),
    );
  });

  it('encodes a reply, references in their own types', () => {
    const reply = (joinRef: Ref, ref: Ref) =>
      encodeReply({ joinRef, ref, topic: 't', status: 'ok', response: {} });
    assert.equal(reply('1', '2'), '["1","2","t","phx_reply",{"status":"ok","response":{}}]');
    assert.equal(reply(1, 2), '[1,2,"t","phx_reply",{"status":"ok","response":{}}]');
    assert.equal(reply(null, '3'), '[null,"3","t","phx_reply",{"status":"ok","response":{}}]');
  });

  it('encodes a push with the join_ref and no ref', () =>
    assert.equal(
      encodePush({ joinRef: '4', topic: 't', event: 'presence_state', payload: {} }),
      '["4",null,"t","presence_state",{}]',
    ));

  it('encodes the end of a membership with the join_ref twice', () =>
    assert.equal(
      encodeEnd({ joinRef: '4', topic: 't', event: 'phx_close', payload: {} }),
      '["4","4","t","phx_close",{}]',
    ));

  it('splices the payload of a broadcast without touching a byte', () => {
    const payload = Buffer.from('{ "ü" : 1.0, "big": 12345678901234567890 }');
    assert.equal(
      encodeBroadcast({ topic: 'a"b', event: 'e', payload }).toString(),
      `[null,null,"a\\"b","e",${payload.toString()}]`,
    );
  });
});

describe('binary frames', () => {
  it('decodes a client push', () => {
    const message = decodeBinaryFrame(hex('00 02 03 05 05 3132 313233 746f706963 6576656e74 656667'));
    const payload = hex('65 66 67');
    assert.deepEqual(message, { joinRef: '12', ref: '123', topic: 'topic', event: 'event', payload });
  });

  it('takes missing references as null', () => {
    const message = decodeBinaryFrame(hex('00 00 00 01 01 74 65'));
    assert.deepEqual(message, { joinRef: null, ref: null, topic: 't', event: 'e', payload: Buffer.alloc(0) });
  });

  const malformed = [
    ['nothing', ''],
    ['a head cut short', '00 01 01'],
    ['lengths beyond the end', '00 02 03 05 05 3132'],
    ['a reply', '01 01 01 01 01 31 31 74 65'],
    ['a kind that does not exist', '07 01 01 01 01 31 31 74 65'],
    ['an empty topic', '00 01 01 00 01 31 31 65'],
    ['a topic that is not UTF-8', '00 00 00 01 01 ff 65'],
  ] as const;
  for (const [label, bytes] of malformed) {
    it(`refuses ${label}`, () => assert.equal(decodeBinaryFrame(hex(bytes)), undefined));
  }

  it('encodes what it decodes', () => {
    const field = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(field, field, field, field, fc.uint8Array(), (joinRef, ref, topic, event, data) => {
        const message = { joinRef, ref, topic, event, payload: Buffer.from(data) };
        assert.deepEqual(decodeBinaryFrame(encodeBinaryMessage(message)), message);
      }),
    );
  });

  it('encodes a server push', () =>
    assert.deepEqual(
      encodeBinaryPush({ joinRef: '12', topic: 'topic', event: 'event', payload: hex('656667') }),
      hex('00 02 05 05 3132 746f706963 6576656e74 656667'),
    ));

  it('encodes a reply', () =>
    assert.deepEqual(
      encodeBinaryReply({ joinRef: '100', ref: '12', topic: 'top', status: 'ok', response: hex('0101') }),
      hex('01 03 02 03 02 313030 3132 746f70 6f6b 0101'),
    ));

  it('encodes a broadcast', () =>
    assert.deepEqual(
      encodeBinaryBroadcast({ topic: 'top', event: 'some-event', payload: hex('0101') }),
      hex('02 03 0a 746f70 736f6d652d6576656e74 0101'),
    ));

  it('refuses a field of more than 255 bytes', () =>
    assert.throws(
      () => encodeBinaryBroadcast({ topic: 'ü'.repeat(128), event: 'e', payload: hex('00') }),
      RangeError,
    ));
});

describe('a payload from the bus', () => {
  const payloads = [
    ['an object', '{"a":1}', true],
    ['an array', '[1]', true],
    ['an object with spaces around', ' {} \n', true],
    ['a number', '1', false],
    ['a string', '"a"', false],
    ['null', 'null', false],
    ['nothing', '', false],
    ['broken JSON', '{"a":', false],
    ['two values', '{} {}', false],
    ['a byte order mark', '\ufeff{}', false],
  ] as const;
  for (const [label, text, isText] of payloads) {
    it(`goes out as ${isText ? 'text' : 'bytes'} when it is ${label}`, () =>
      assert.equal(isJsonContainer(Buffer.from(text)), isText));
  }

  it('goes out as bytes when it is not UTF-8', () =>
    assert.equal(
      isJsonContainer(Buffer.concat([Buffer.from('{"a":"'), hex('ff'), Buffer.from('"}')])),
      false,
    ));
});
