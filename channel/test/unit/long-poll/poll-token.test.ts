import assert from 'node:assert/strict';
import { loadSecrets } from '@plugmesh/shared/identity';
import { PollTokens } from '../../../src/long-poll/poll-token.ts';

const secretsOf = (...secrets: string[]) => loadSecrets({ secrets, stateDir: '/nowhere' });
const NEW = 'the newest secret of all';
const OLD = 'an older secret than that';
const PLACE = { node: 'n-1', connection: 'c_2', position: 7 };

describe('a long-poll token', () => {
  let now = 1_000_000_000_000;
  const tokens = new PollTokens(secretsOf(NEW), () => now);

  it('says what was signed, for an hour', () => {
    const token = tokens.sign(PLACE);
    assert.deepEqual(tokens.verify(token), PLACE);
    now += 3_599_000;
    assert.deepEqual(tokens.verify(token), PLACE);
    now += 2000;
    assert.equal(tokens.verify(token), undefined);
  });

  it('counts after a change of the secret as long as the older one is kept', () => {
    const token = new PollTokens(secretsOf(OLD), () => now).sign(PLACE);
    assert.deepEqual(new PollTokens(secretsOf(NEW, OLD), () => now).verify(token), PLACE);
    assert.equal(tokens.verify(token), undefined);
  });

  it('does not count when anything in it was changed', () => {
    const parts = tokens.sign(PLACE).split('.');
    for (const at of parts.keys()) {
      const changed = parts.with(at, `${parts[at]}1`).join('.');
      assert.equal(tokens.verify(changed), undefined, changed);
    }
    for (const text of ['', '.', 'poll.', 'poll', 'poll.a.b.1.2.'])
      assert.equal(tokens.verify(text), undefined);
  });
});
