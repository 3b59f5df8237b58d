import assert from 'node:assert/strict';
import { LoadShedder } from '../../src/load-shedder.ts';
import type { Visit } from '../../src/visit.ts';

const visitTo = (id: string) => ({ route: { id } }) as Visit;

describe('LoadShedder', () => {
  const shedder = new LoadShedder(200);
  const look = (...delays: number[]): boolean => {
    for (const delay of delays) shedder.look(delay);
    return shedder.isShedding;
  };

  it('takes one late second for a pause, two for overload, and ends with the first that is not late', () => {
    assert.equal(look(5, 5000), false);
    assert.equal(look(5, 201), false);
    assert.equal(look(250), true);
    assert.equal(look(300, 200), false);
  });

  it('refuses visits meanwhile, but to the control process', () => {
    look(201, 201);
    assert.throws(() => shedder.check(visitTo('ships')), { code: 'MESH_OVERLOADED', status: 503 });
    assert.throws(() => shedder.check(visitTo('channel')), { code: 'MESH_OVERLOADED' });
    assert.doesNotThrow(() => shedder.check(visitTo('mesh')));
    look(1);
    assert.doesNotThrow(() => shedder.check(visitTo('ships')));
  });
});
