import assert from 'node:assert/strict';
import { CallerCache, type Found } from '../../../src/access/caller-cache.ts';
import type { Caller } from '../../../src/access/caller.ts';

interface Entry {
  readonly caller: Caller;
  readonly version: number;
}

function found(version: number, lifeMs = 60_000): Found<Entry> {
  const identity = { kind: 'user', id: 'u1', name: 'Ada', roles: [], guards: [], session: 'x' } as const;
  return { value: { caller: { identity, plugins: ['*'] }, version }, lifeMs };
}

/** A cache, with the questions that it asks and nobody has answered yet. */
function pendingCache() {
  const questions: PromiseWithResolvers<Found<Entry> | undefined>[] = [];
  const cache = new CallerCache<Entry>(() => {
    const question = Promise.withResolvers<Found<Entry> | undefined>();
    questions.push(question);
    return question.promise;
  });
  return { cache, questions };
}

describe('CallerCache', () => {
  it('asks once for what is wanted several times, and answers at once from then on', async () => {
    const { cache, questions } = pendingCache();
    const both = Promise.all([cache.get('a'), cache.get('a')]);
    questions[0]?.resolve(found(1));
    assert.deepEqual(
      (await both).map((each) => each?.version),
      [1, 1],
    );
    assert.equal((cache.get('a') as Entry).version, 1);
    assert.equal(questions.length, 1);
  });

  for (const [how, forget] of [
    ['by its id', (cache: CallerCache<Entry>) => cache.forget('a')],
    ['by its user', (cache: CallerCache<Entry>) => cache.forgetUsers(['u1'])],
    ['with everything', (cache: CallerCache<Entry>) => cache.clear()],
  ] as const) {
    it(`asks again when what it asks for is forgotten meanwhile ${how}`, async () => {
      const { cache, questions } = pendingCache();
      const answer = cache.get('a');
      forget(cache);
      questions[0]?.resolve(found(1));
      await Promise.resolve();
      const later = cache.get('a');
      assert.ok(later instanceof Promise);
      assert.equal(questions.length, 2);
      questions[1]?.resolve(found(2));
      assert.deepEqual([(await answer)?.version, (await later)?.version], [2, 2]);
      forget(cache);
      assert.ok(cache.get('a') instanceof Promise);
    });
  }

  it('remembers nothing of a question that failed', async () => {
    const { cache, questions } = pendingCache();
    const answer = cache.get('a');
    questions[0]?.reject(new Error('away'));
    await assert.rejects(Promise.resolve(answer));
    assert.ok(cache.get('a') instanceof Promise);
    assert.equal(questions.length, 2);
  });

  it('remembers for a moment that there is nobody', async () => {
    const { cache, questions } = pendingCache();
    const answer = cache.get('a');
    questions[0]?.resolve(undefined);
    assert.equal(await answer, undefined);
    assert.equal(cache.get('a'), undefined);
    cache.forget('a');
    assert.ok(cache.get('a') instanceof Promise);
  });
});
