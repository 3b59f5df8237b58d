import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeBinaryFrame,
  decodeObjectFrame,
  decodeTextFrame,
  encodeBinaryMessage,
  isEventName,
  isJsonContainer,
  isTopicName,
  type Message,
} from '../../../src/protocol/index.ts';

const RUNS = { numRuns: 1000 };

/** Texts near to frames: their pieces in any order, and what JSON has but a frame has not. */
const nearly = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '[',
        ']',
        '{',
        '}',
        ',',
        ':',
        '"',
        '\\',
        'null',
        '1e999',
        '"t"',
        '"payload":',
        ' ',
        '\0',
      ),
      fc.constantFrom('"topic":"t"', '"event":"e"', '"ref":null', '"payload":{}', '"\\ud800"', '\u2028'),
      fc.json(),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

const message = fc.record({
  joinRef: fc.string({ maxLength: 8 }),
  ref: fc.string({ maxLength: 8 }),
  topic: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  event: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  payload: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
});

function isSound(decoded: Message | undefined): void {
  if (!decoded) return;
  const { topic, event, payload } = decoded;
  assert.ok(topic.isWellFormed() && topic !== '');
  assert.ok(event.isWellFormed() && event !== '');
  if (typeof payload === 'string') JSON.parse(payload);
  // Called for every message that was decoded, whatever its names are.
  isTopicName(topic);
  isEventName(event);
}

describe('hostile input', () => {
  it('is a message or none, never an error: any text', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: 'binary' }), fc.json()), (text) => {
        isSound(decodeTextFrame(text));
        isSound(decodeObjectFrame(text));
      }),
      RUNS,
    );
  });

  it('is a message or none, never an error: any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, isPush) => {
        const frame = Buffer.from(isPush ? [0, ...bytes] : bytes);
        isSound(decodeBinaryFrame(frame));
        isJsonContainer(frame);
      }),
      RUNS,
    );
  });

  it('is a message or none, never an error: a frame with one byte changed, or its end cut off', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), fc.boolean(), (whole, at, byte, isCut) => {
        const frame = encodeBinaryMessage(whole);
        const place = at % frame.length;
        frame[place] = byte;
        isSound(decodeBinaryFrame(isCut ? frame.subarray(0, place) : frame));
      }),
      RUNS,
    );
  });

  it('is none when its lengths reach beyond its end, whichever they are', () => {
    fc.assert(
      fc.property(message, fc.constantFrom(1, 2, 3, 4), (whole, place) => {
        const frame = encodeBinaryMessage({ ...whole, payload: Buffer.alloc(0) });
        frame[place] = 255;
        const isTooLong = frame.length < 5 + (frame[1] ?? 0) + frame[2]! + frame[3]! + frame[4]!;
        if (isTooLong) assert.equal(decodeBinaryFrame(frame), undefined);
      }),
    );
  });

  for (const [what, place] of [
    ['join_ref', 5],
    ['ref', 6],
    ['topic', 7],
    ['event', 8],
  ] as const) {
    it(`is none when the ${what} of a binary frame is not UTF-8`, () => {
      for (const byte of [0x80, 0xc0, 0xed, 0xff]) {
        const frame = encodeBinaryMessage({
          joinRef: 'j',
          ref: 'r',
          topic: 't',
          event: 'e',
          payload: Buffer.alloc(0),
        });
        frame[place] = byte;
        assert.equal(decodeBinaryFrame(frame), undefined);
      }
    });
  }

  it('is taken or not by its depth and length without harm', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const wide = `{"topic":"t","event":"e",${'"a":1,'.repeat(10_000)}"payload":{}}`;
    isSound(decodeTextFrame(`["1","2","t","e",${deep}]`));
    isSound(decodeObjectFrame(`{"topic":"t","event":"e","payload":${deep}}`));
    assert.equal(decodeObjectFrame(wide)?.payload, '{}');
    assert.equal(decodeTextFrame(`[null,null,"t","${'é'.repeat(100_000)}",{}]`)?.event.length, 100_000);
    assert.equal(isEventName('é'.repeat(100_000)), false);
  });
});
