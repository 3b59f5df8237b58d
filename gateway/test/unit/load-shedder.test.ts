import assert from 'node:assert/strict';
import { LoadShedder } from '../../src/load-shedder.ts';
import type { Visit } from '../../src/visit.ts';

const visitTo = (id: string) => ({ route: { id } }) as Visit;

describe('LoadShedder', () => {
  let shedder: LoadShedder;
  beforeEach(() => (shedder = new LoadShedder(200)));

  /** The shares that are refused after seconds with these delays. */
  const shares = (...delays: number[]): number[] =>
    delays.map((delay) => {
      shedder.look(delay);
      return shedder.share;
    });

  it('bears two late seconds, then refuses a fifth more with each', () => {
    assert.deepEqual(shares(201, 5000, 201, 201, 201, 201, 201, 201), [0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1]);
  });

  it('refuses a fifth less with each second in time', () => {
    shares(201, 201, 201, 201);
    assert.deepEqual(shares(200, 201, 10, 10, 10), [0.2, 0.4, 0.2, 0, 0]);
  });

  it('takes pauses for pauses', () => {
    assert.deepEqual(new Set(shares(900, 5, 900, 5, 900, 5, 900, 900, 5)), new Set([0]));
  });

  it('refuses visits, but not those to the control process', () => {
    shares(201, 201, 201, 201, 201, 201, 201);
    assert.throws(() => shedder.check(visitTo('ships')), { code: 'MESH_OVERLOADED', status: 503 });
    assert.throws(() => shedder.check(visitTo('channel')), { code: 'MESH_OVERLOADED' });
    assert.doesNotThrow(() => shedder.check(visitTo('mesh')));
    shares(1, 1, 1, 1, 1);
    assert.doesNotThrow(() => shedder.check(visitTo('ships')));
  });
});
