import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { composeFile, composeVariables, containerPlugins } from '@plugmesh/shared/compose';
import { loadWrittenConfig } from '@plugmesh/shared/config';
import { loadSecrets } from '@plugmesh/shared/identity';
import { findManifests } from '@plugmesh/shared/manifest';
import { pluginRights, pluginUser } from '@plugmesh/shared/redis-users';
import { freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';

interface Told {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly string[] };
}

describe('Redis as the compose file starts it', () => {
  let folder: string;
  let port: number;
  let server: RunningProcess;
  let variables: Record<string, string>;
  let services: Record<string, Told>;
  const connections: Redis[] = [];

  /** As compose does with what it finds in .env. */
  const filled = (text = ''): string =>
    text.replace(/\$\{(\w+):\?[^}]*\}/g, (_, name: string) => variables[name] ?? '');
  const connect = (url: string | undefined): Redis => {
    const made = new Redis(filled(url).replace('redis:6379', `127.0.0.1:${port}`), { retryStrategy: null });
    made.on('error', () => undefined);
    connections.push(made);
    return made;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-compose-'));
    await mkdir(join(folder, 'services/ships'), { recursive: true });
    const manifest = { name: 'ships', run: ['node', 'main.ts'] };
    await writeFile(join(folder, 'services/ships/plugin.json'), JSON.stringify(manifest));
    const written = loadWrittenConfig({ cwd: folder, env: {} });
    const found = findManifests(written.config);
    services = composeFile(written, found).services as unknown as Record<string, Told>;
    variables = composeVariables(written, containerPlugins(written.config, found).plugins, '');
    port = await freePort();
    const command = services['redis']?.command.map((each) => filled(each).replace('/data', folder)) ?? [];
    server = await startProcess(['redis-server', '--port', String(port), ...command], {
      ready: /Ready to accept connections/,
    });
  });
  after(async () => {
    for (const each of connections) each.disconnect();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('is healthy for its own check, and nobody gets in without a password', async () => {
    const { environment, healthcheck } = services['redis'] ?? {};
    const [, program = '', ...args] = healthcheck?.test ?? [];
    const ask = (env: Record<string, string>): Promise<unknown> =>
      promisify(execFile)(program, ['-p', String(port), ...args], {
        env: { PATH: process.env['PATH'], ...env },
      });
    await ask({ REDISCLI_AUTH: filled(environment?.['REDISCLI_AUTH']) });
    await assert.rejects(ask({}));
    await assert.rejects(connect('redis://redis:6379').ping(), /NOAUTH/);
    assert.ok(!server.child.spawnargs.join(' ').includes(variables['PLUGMESH_REDIS_PASSWORD'] ?? ''));
  });

  it('lets in mesh, gateway and channel, and a plugin as the user that mesh makes', async () => {
    const mesh = connect(services['mesh']?.environment['PLUGMESH__CORE__REDIS_URL']);
    assert.equal(await mesh.set('plugmesh:mesh', '{}'), 'OK');
    const { config } = loadWrittenConfig({ cwd: folder, env: {} });
    const secrets = loadSecrets({ ...config, secrets: [variables['PLUGMESH_SECRET'] ?? ''] });
    await mesh.call(
      'ACL',
      'SETUSER',
      pluginUser('ships'),
      ...pluginRights('ships', { config, secrets, topics: [] }),
    );
    const ships = connect(services['ships']?.environment['REDIS_URL']);
    assert.equal(await ships.set('ships:1', 'x'), 'OK');
    await assert.rejects(ships.get('plugmesh:mesh'), /NOPERM/);
  });
});
