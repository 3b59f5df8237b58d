import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REGISTRATION_MS, Registrations } from '../../src/registrations.ts';

const SHIP = { plugin: 'ships', instance: 'a', url: 'http://127.0.0.1:8001' };

describe('Registrations', () => {
  it('keeps an instance that renews in time, and forgets one that does not', () => {
    let now = 0;
    const registrations = new Registrations({ now: () => now });
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

  it('gives those of an earlier process as long again to renew', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plugmesh-registrations-'));
    const file = join(folder, 'registrations.json');
    let now = 0;
    const earlier = new Registrations({ file, now: () => now });
    earlier.register(SHIP);
    earlier.register({ ...SHIP, instance: 'gone' });
    earlier.deregister('ships', 'gone');
    now = 1e9;
    const registrations = new Registrations({ file, now: () => now });
    assert.deepEqual(registrations.live(), [SHIP]);
    now += REGISTRATION_MS;
    assert.deepEqual(registrations.live(), []);
    assert.deepEqual(new Registrations({ file }).live(), []);
    await rm(folder, { recursive: true });
  });

  it('says whether a registration brought something new', () => {
    const registrations = new Registrations({ now: () => 0 });
    assert.equal(registrations.register(SHIP), true);
    assert.equal(registrations.register({ ...SHIP }), false);
    assert.equal(registrations.register({ ...SHIP, url: 'http://127.0.0.1:8002' }), true);
    assert.equal(registrations.deregister('ships', 'a'), true);
    assert.equal(registrations.deregister('ships', 'a'), false);
  });
});
