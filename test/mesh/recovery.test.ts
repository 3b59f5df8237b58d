import assert from 'node:assert/strict';
import { Pm2 } from '@plugmesh/shared/processes';
import { eventually } from '@plugmesh/shared/testing';
import { environmentPlugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

describe('after kill -9', function () {
  this.timeout(90_000);
  let mesh: TestMesh;

  before(async () => {
    mesh = await TestMesh.create({ plugins: { shows: environmentPlugin('shows') } });
    await mesh.up();
  });
  after(() => mesh.remove());

  const pidOf = async (name: string): Promise<number> => {
    const process = (await mesh.runningProcesses()).find((each) => each.name === name);
    return process?.pid ?? 0;
  };

  for (const name of ['shows', 'gateway', 'channel', 'mesh', 'redis']) {
    it(`${name} comes back and the mesh serves again`, async () => {
      const pid = await eventually(() => pidOf(name));
      const plugin = await pidOf('shows');
      process.kill(pid, 'SIGKILL');
      await eventually(
        async () => {
          const now = await pidOf(name);
          return now > 0 && now !== pid;
        },
        { timeoutMs: 20_000 },
      );
      await eventually(async () => (await fetch(`${mesh.origin}/api/shows/`)).ok, { timeoutMs: 20_000 });
      await eventually(async () => (await fetch(`${mesh.origin}/readyz`)).ok, { timeoutMs: 20_000 });
      await mesh.untilState('shows', 'ready');
      // Nobody else was started anew: mesh adopts what runs.
      if (name !== 'shows') assert.equal(await pidOf('shows'), plugin);
    });
  }

  it('pm2 comes back with everything', async () => {
    const pid = new Pm2(mesh.config).daemonPid ?? 0;
    process.kill(pid, 'SIGKILL');
    await eventually(() => (new Pm2(mesh.config).daemonPid ?? pid) !== pid, { timeoutMs: 20_000 });
    await eventually(async () => (await fetch(`${mesh.origin}/api/shows/`)).ok, { timeoutMs: 20_000 });
    assert.equal(await mesh.signal('SIGTERM'), 0, mesh.output);
    assert.deepEqual(mesh.processes(), []);
  });
});
