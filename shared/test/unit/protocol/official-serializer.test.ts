import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Serializer, type Frame } from 'phoenix';
import {
  decodeBinaryFrame,
  decodeTextFrame,
  encodeBinaryBroadcast,
  encodeBinaryPush,
  encodeBinaryReply,
  encodeBroadcast,
  encodeEnd,
  encodePush,
  encodeReply,
} from '../../../src/protocol/index.ts';

/** A name or reference that a binary frame can hold: names of several bytes a letter, up to the 255 bytes that fit. */
const field = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 255 })
  .filter((text) => Buffer.byteLength(text) <= 255);
const data = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
const object = fc.dictionary(fc.string(), fc.jsonValue());

const encoded = (frame: Frame): Buffer => {
  let result: string | ArrayBuffer = '';
  Serializer.encode(frame, (bytes) => (result = bytes));
  return typeof result === 'string' ? Buffer.from(result) : Buffer.from(result);
};
const decoded = (bytes: string | Buffer): Frame | undefined => {
  let result: Frame | undefined;
  const raw = typeof bytes === 'string' ? bytes : Uint8Array.from(bytes).buffer;
  Serializer.decode(raw, (frame) => (result = frame));
  return result;
};
const arrayBuffer = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer;

describe('frames, with the official client on the other side', () => {
  it('are read as it writes them, text', () => {
    fc.assert(
      fc.property(field, field, field, field, object, (joinRef, ref, topic, event, payload) => {
        const frame = encoded({ join_ref: joinRef, ref, topic, event, payload }).toString();
        const text = JSON.stringify(payload);
        assert.deepEqual(decodeTextFrame(frame), { joinRef, ref, topic, event, payload: text });
      }),
    );
  });

  it('are read as it writes them, bytes', () => {
    fc.assert(
      fc.property(field, field, field, field, data, (joinRef, ref, topic, event, payload) => {
        const frame = encoded({ join_ref: joinRef, ref, topic, event, payload: arrayBuffer(payload) });
        assert.deepEqual(decodeBinaryFrame(frame), { joinRef, ref, topic, event, payload });
      }),
    );
  });

  it('are understood by it, text', () => {
    fc.assert(
      fc.property(field, field, field, field, object, (joinRef, ref, topic, event, value) => {
        // As JSON has it: without -0.
        const payload: unknown = JSON.parse(JSON.stringify(value));
        const response = { status: 'ok', response: payload };
        const [none, at] = [null, { join_ref: joinRef, topic }];
        const frames: [string, Frame][] = [
          [encodePush({ joinRef, topic, event, payload }), { ...at, ref: none, event, payload }],
          [
            encodeReply({ joinRef, ref, topic, status: 'ok', response: payload }),
            { ...at, ref, event: 'phx_reply', payload: response },
          ],
          [encodeEnd({ joinRef, topic, event, payload }), { ...at, ref: joinRef, event, payload }],
          [
            encodeBroadcast({ topic, event, payload: Buffer.from(JSON.stringify(value)) }).toString(),
            { join_ref: none, ref: none, topic, event, payload },
          ],
        ];
        for (const [frame, expected] of frames) assert.deepEqual(decoded(frame), expected);
      }),
    );
  });

  it('are understood by it, bytes', () => {
    fc.assert(
      fc.property(field, field, field, field, data, (joinRef, ref, topic, event, payload) => {
        const bytes = arrayBuffer(payload);
        const response = { status: 'ok', response: bytes };
        const frames: [Buffer, Frame][] = [
          [
            encodeBinaryPush({ joinRef, topic, event, payload }),
            { join_ref: joinRef, ref: null, topic, event, payload: bytes },
          ],
          [
            encodeBinaryReply({ joinRef, ref, topic, status: 'ok', response: payload }),
            { join_ref: joinRef, ref, topic, event: 'phx_reply', payload: response },
          ],
          [
            encodeBinaryBroadcast({ topic, event, payload }),
            { join_ref: null, ref: null, topic, event, payload: bytes },
          ],
        ];
        for (const [frame, expected] of frames) assert.deepEqual(decoded(frame), expected);
      }),
    );
  });
});
