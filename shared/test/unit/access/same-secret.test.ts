import assert from 'node:assert/strict';
import { isSameSecret } from '../../../src/access/index.ts';

describe('isSameSecret', () => {
  const pairs: readonly (readonly [expected: string, shown: string, same: boolean])[] = [
    ['secret', 'secret', true],
    ['secret', 'secreT', false],
    ['secret', 'secre', false],
    ['secret', '', false],
    ['ää', 'ää', true],
    // As many characters, but not as many bytes.
    ['ää', 'aa', false],
  ];
  for (const [expected, shown, same] of pairs) {
    it(`${same ? 'knows' : 'refuses'} '${shown}' for '${expected}', as text and as bytes`, () => {
      assert.equal(isSameSecret(expected, shown), same);
      assert.equal(isSameSecret(Buffer.from(expected), Buffer.from(shown)), same);
    });
  }
});
