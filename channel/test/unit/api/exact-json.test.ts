import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isContainer, parseExactJson } from '../../../src/api/exact-json.ts';

const digits = fc.stringMatching(/^[0-9]{1,30}$/);
/** Numbers as JSON allows them, most of which JavaScript would write in another way. */
const number = fc
  .tuple(fc.constantFrom('', '-'), digits, fc.option(digits), fc.constantFrom('', 'e5', 'E+9', 'e-3'))
  .map(
    ([sign, whole, part, exponent]) => `${sign}${BigInt(whole)}${part === null ? '' : `.${part}`}${exponent}`,
  );
const { text } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 4 },
    number,
    fc.constantFrom('true', 'null', '""', '"ü😀\\n"', '{}', '[]'),
    fc.array(tie('text'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(tie('text'), { maxLength: 4 })
      .map((items) => `{${items.map((item, n) => `"k${n}":${item}`).join(',')}}`),
    tie('text').map((item) => `{"__proto__":${item}}`),
  ),
}));

describe('JSON that is passed on', () => {
  it('comes out as it was written', () => {
    fc.assert(fc.property(text, (json) => assert.equal(JSON.stringify(parseExactJson(json)), json)));
  });

  it('is told apart by its first character', () => {
    fc.assert(
      fc.property(text, (json) => assert.equal(isContainer(parseExactJson(json)), /^[[{]/.test(json))),
    );
  });

  it('is refused like everywhere when it is none', () => {
    for (const json of ['', '{', '01', '1.', '.5', '+1', 'NaN', '[1,]']) {
      assert.throws(() => parseExactJson(json), SyntaxError, json);
    }
  });
});
