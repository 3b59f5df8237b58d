import assert from 'node:assert/strict';
import fc from 'fast-check';
import { matchTopic, wildcardPart, type TopicRule } from '@plugmesh/shared/mesh-document';

function rule(pattern: string): TopicRule {
  const access = { join: 'public', push: 'public' } as const;
  return { pattern, plugin: 'ships', ...access, presence: false, envelope: false, overflow: 'disconnect' };
}

function patternFor(patterns: readonly string[], topic: string): string | undefined {
  return matchTopic(patterns.map(rule))(topic)?.pattern;
}

describe('matching a topic', () => {
  it('takes the exact rule before any wildcard', () => {
    assert.equal(patternFor(['room:*', 'room:lobby', '*'], 'room:lobby'), 'room:lobby');
  });

  it('takes the longest of several wildcards, in whatever order they come', () => {
    assert.equal(patternFor(['*', 'room:*', 'room:a*'], 'room:abc'), 'room:a*');
    assert.equal(patternFor(['room:a*', 'room:*', '*'], 'room:b'), 'room:*');
  });

  it('finds nothing for a topic that no rule names', () => {
    assert.equal(patternFor(['room:lobby', 'ships:*'], 'room:lob'), undefined);
  });

  it('takes wildcards in a topic literally', () => {
    assert.equal(patternFor(['room:lobby'], 'room:*'), undefined);
    assert.equal(patternFor(['room:lobby'], '*'), undefined);
  });

  it('is what trying every rule gives', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 5 });
    const pattern = fc.tuple(part, fc.boolean()).map(([text, isOpen]) => (isOpen ? `${text}*` : text));
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { maxLength: 12 }), part, (patterns, topic) => {
        const open = patterns.filter((each) => each.endsWith('*') && topic.startsWith(each.slice(0, -1)));
        const expected = patterns.includes(topic) ? topic : open.sort((a, b) => b.length - a.length)[0];
        assert.equal(patternFor(patterns, topic), expected);
      }),
    );
  });

  it('says what the wildcard stands for', () => {
    assert.equal(wildcardPart(rule('streaming-*'), 'streaming-abc'), 'abc');
    assert.equal(wildcardPart(rule('system'), 'system'), '');
  });
});
