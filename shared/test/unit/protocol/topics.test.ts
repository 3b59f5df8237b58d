import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  fromChannel,
  isEventName,
  isTopicName,
  NAME_LIMIT,
  splitChannel,
  toChannel,
} from '@plugmesh/shared/protocol';

const topic = fc.string({ minLength: 1, maxLength: 40 }).filter(isTopicName);
const event = fc.string({ minLength: 1, maxLength: 40 }).filter(isEventName);

describe('bus channels', () => {
  it('give back the topic and the event that they were made of', () => {
    fc.assert(
      fc.property(topic, event, (t, e) => {
        assert.deepEqual(splitChannel(toChannel(t, e)), { topic: t, event: e });
        assert.deepEqual(splitChannel(fromChannel(t, e)), { topic: t, event: e });
      }),
    );
  });

  it('split at the last colon', () => {
    assert.deepEqual(splitChannel('to:weather:paris:update'), { topic: 'weather:paris', event: 'update' });
  });

  for (const name of ['', 'to:', 'to:topic', 'to::event', 'to:topic:', 'plugmesh:mesh', 'TO:a:b', 'to']) {
    it(`refuse '${name}'`, () => assert.equal(splitChannel(name), undefined));
  }
});

describe('names', () => {
  it('have at most 255 bytes of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (text) => {
        const fits = Buffer.byteLength(text) <= NAME_LIMIT;
        const isPlain = !/\p{Cc}/u.test(text.replaceAll(/[\u0080-\u009f]/g, ''));
        assert.equal(isTopicName(text), fits && isPlain);
      }),
    );
    assert.equal(isTopicName('é'.repeat(127)), true);
    assert.equal(isTopicName('é'.repeat(128)), false);
    assert.equal(isTopicName('😀'.repeat(63)), true);
    assert.equal(isTopicName('😀'.repeat(64)), false);
  });

  it('have no control characters and no half of a surrogate pair', () => {
    for (const text of ['', 'a\nb', '\u0000', 'a\u007f', '\ud800']) assert.equal(isTopicName(text), false);
  });

  it('of topics may have colons and wildcards, those of events no colon', () => {
    assert.equal(isTopicName('a:b*?['), true);
    assert.equal(isEventName('a:b'), false);
    assert.equal(isEventName('new_msg'), true);
  });
});
