import assert from 'node:assert/strict';
import { refuseCircle, viaOf } from '../../../src/identity/circle.ts';

describe('a circle', () => {
  const plugin = (): boolean => true;
  const stranger = (): boolean => false;
  const ofShips = viaOf('1.0 squid (a proxy)', '1.1', 'ships');

  it('is seen by what is written into Via', () => {
    assert.equal(ofShips, '1.0 squid (a proxy), 1.1 plugmesh (ships)');
    refuseCircle(ofShips, 'weather', plugin);
    assert.throws(() => refuseCircle(ofShips, 'ships', plugin), { code: 'MESH_LOOP' });
    const further = viaOf(ofShips, '1.1', 'weather');
    refuseCircle(further, 'clock', plugin);
    for (const id of ['ships', 'weather'])
      assert.throws(() => refuseCircle(further, id, plugin), { code: 'MESH_LOOP' });
  });

  it('is every way back to us without a plugin’s token', () => {
    for (const via of [ofShips, '1.1 plugmesh', 'HTTP/1.1 PlugMesh', '1.1 a,1.1  plugmesh'])
      assert.throws(() => refuseCircle(via, 'weather', stranger), { code: 'MESH_LOOP' }, via);
  });

  it('is suspected where the name of the plugin was taken out', () =>
    assert.throws(() => refuseCircle('1.1 plugmesh', 'weather', plugin), { code: 'MESH_LOOP' }));

  it('is not in other names', () => {
    for (const via of [
      undefined,
      '1.1 a',
      '1.1 plugmesher',
      '1.1 plugmesh-edge',
      '1.1 plugmesh.example',
      '1.1 a (plugmesh)',
    ])
      refuseCircle(via, 'ships', stranger);
  });
});
