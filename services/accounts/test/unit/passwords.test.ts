import assert from 'node:assert/strict';
import { Passwords } from '../../src/passwords.ts';
import { WorkLimit } from '../../src/work-limit.ts';

describe('passwords', () => {
  const passwords = new Passwords(12);

  it('are kept as argon2id hashes with a salt of their own, in the usual format', async () => {
    const [one, other] = await Promise.all([
      passwords.hash('a good phrase'),
      passwords.hash('a good phrase'),
    ]);
    assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    assert.notEqual(one, other);
    assert.equal(await passwords.verify('a good phrase', one), true);
    assert.equal(await passwords.verify('a good phrase', other), true);
    assert.equal(await passwords.verify('another phrase', one), false);
  });

  it('verify against the reference implementation', async () => {
    // printf 'correct horse' | argon2 somesaltsomesalt -id -t 2 -k 19456 -p 1 -l 32 -e
    const hash =
      '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$k9ohroejZy1PN5E1SbHNPug6vB8eQAahb5SOAp6iGF4';
    assert.equal(await passwords.verify('correct horse', hash), true);
  });

  it('are one, however their letters are composed', async () => {
    const hash = await passwords.hash('caf\u00e9 au lait');
    assert.equal(await passwords.verify('cafe\u0301 au lait', hash), true);
  });

  it('never fit where there is no hash, and are held against one all the same', async () => {
    assert.equal(await passwords.verify('whatever it is', undefined), false);
  });

  for (const [password, name] of [
    ['short', 'ada'],
    ['aaaaaaaaaaaaaaaa', 'ada'],
    ['ada.lovelace1', 'ada.lovelace'],
    ['x'.repeat(257), 'ada'],
  ] as const) {
    it(`may not be '${password.slice(0, 20)}'`, () => {
      assert.throws(() => passwords.check(password, name), { code: 'MESH_BAD_REQUEST' });
    });
  }

  it('may be long phrases', () => passwords.check('several words are easy', 'ada'));
});

describe('the work limit', () => {
  it('does so much at once, lets the rest wait in order, and refuses what is too much', async () => {
    const limit = new WorkLimit({ atOnce: 2, waiting: 2 });
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const take = (number: number): Promise<void> =>
      limit.run(() => {
        begun.push(number);
        return new Promise((resolve) => ends.push(resolve));
      });
    const taken = [take(1), take(2), take(3), take(4)];
    await assert.rejects(take(5), { code: 'MESH_OVERLOADED' });
    assert.deepEqual(begun, [1, 2]);
    for (let at = 0; at < 4; at++) {
      ends[at]?.();
      await taken[at];
      await new Promise(setImmediate);
    }
    assert.deepEqual(begun, [1, 2, 3, 4]);
  });

  it('goes on after work that fails', async () => {
    const limit = new WorkLimit({ atOnce: 1, waiting: 1 });
    const failing = limit.run(() => Promise.reject(new Error('no')));
    const next = limit.run(() => Promise.resolve('done'));
    await assert.rejects(failing);
    assert.equal(await next, 'done');
  });
});
