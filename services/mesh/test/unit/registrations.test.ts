import assert from 'node:assert/strict';
import { REGISTRATION_MS, Registrations } from '../../src/registrations.ts';

const SHIP = { plugin: 'ships', instance: 'a', url: 'http://127.0.0.1:8001' };

describe('Registrations', () => {
  it('keeps an instance that renews in time, and forgets one that does not', () => {
    let now = 0;
    const registrations = new Registrations(() => now);
    registrations.register(SHIP);
    registrations.register({ ...SHIP, instance: 'b' });
    now = REGISTRATION_MS - 1;
    registrations.register(SHIP);
    now = REGISTRATION_MS;
    assert.deepEqual(
      registrations.live().map(({ instance }) => instance),
      ['a'],
    );
  });

  it('says whether a registration brought something new', () => {
    const registrations = new Registrations(() => 0);
    assert.equal(registrations.register(SHIP), true);
    assert.equal(registrations.register({ ...SHIP }), false);
    assert.equal(registrations.register({ ...SHIP, url: 'http://127.0.0.1:8002' }), true);
    assert.equal(registrations.deregister('ships', 'a'), true);
    assert.equal(registrations.deregister('ships', 'a'), false);
  });
});
