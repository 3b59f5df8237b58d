import assert from 'node:assert/strict';
import {
  apiKeyPrefix,
  hashCredential,
  mintApiKey,
  mintSecret,
  parseAccessChange,
  parseApiKey,
  parseSession,
} from '../../../src/access/index.ts';

const session = { user: 'u1', name: 'ada', roles: ['admin'], startedAt: 1, endsAt: 2, idleMs: 3 };
const apiKey = {
  user: 'u1',
  name: 'ada',
  roles: [],
  hash: hashCredential('x'),
  guards: ['key'],
  plugins: ['*'],
  endsAt: null,
};

describe('credentials', () => {
  it('are random, and keys are found by the part that may be shown', () => {
    const { prefix, key } = mintApiKey();
    assert.equal(apiKeyPrefix(key), prefix);
    assert.equal(apiKeyPrefix(`${key}x`), undefined);
    assert.notEqual(mintApiKey().key, key);
    assert.match(mintSecret(), /^[\w-]{43}$/);
    assert.notEqual(mintSecret(), mintSecret());
  });
});

describe('records of access', () => {
  it('are read back as they were written', () => {
    assert.deepEqual(parseSession(JSON.stringify(session)), session);
    assert.deepEqual(parseApiKey(JSON.stringify(apiKey)), apiKey);
    assert.deepEqual(parseAccessChange('{"users":["u1"]}'), { users: ['u1'] });
  });

  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"user":"u1"}',
    JSON.stringify({ ...session, more: 1 }),
  ]) {
    it(`are not made of '${text}'`, () => assert.equal(parseSession(text) ?? parseApiKey(text), undefined));
  }
});
