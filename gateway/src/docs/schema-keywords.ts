import { isObject } from './json.ts';

type Test = (value: unknown) => boolean;

const TYPES: ReadonlySet<unknown> = new Set([
  ...['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'],
]);

const isText: Test = (value) => typeof value === 'string';
const isTexts: Test = (value) => Array.isArray(value) && value.every(isText);
const isNumber: Test = (value) => typeof value === 'number';
const isCount: Test = (value) => Number.isInteger(value) && Number(value) >= 0;
const isBoolean: Test = (value) => typeof value === 'boolean';
const isType: Test = (value) =>
  Array.isArray(value) ? value.length > 0 && value.every((each) => TYPES.has(each)) : TYPES.has(value);

/** What keywords of JSON Schema (2020-12) hold; the specification's schema of documents does not look into them. */
const KEYWORDS: readonly (readonly [Test, readonly string[]])[] = [
  [isType, ['type']],
  [Array.isArray, ['enum', 'examples']],
  [isTexts, ['required']],
  [
    isText,
    [
      'title',
      'description',
      'pattern',
      'format',
      'contentMediaType',
      'contentEncoding',
      '$comment',
      '$schema',
    ],
  ],
  [isNumber, ['multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum']],
  [isCount, ['maxLength', 'minLength', 'maxItems', 'minItems', 'maxContains', 'minContains']],
  [isCount, ['maxProperties', 'minProperties']],
  [isBoolean, ['uniqueItems', 'deprecated', 'readOnly', 'writeOnly']],
  [isObject, ['discriminator', 'xml', 'externalDocs']],
  [(value) => isObject(value) && Object.values(value).every(isTexts), ['dependentRequired']],
];

const TESTS: ReadonlyMap<string, Test> = new Map(
  KEYWORDS.flatMap(([test, names]) => names.map((name) => [name, test] as const)),
);

/** Whether a keyword of a schema holds what it may. Words that are none may hold anything. */
export function isKeywordRight(name: string, value: unknown): boolean {
  return TESTS.get(name)?.(value) ?? true;
}
