import assert from 'node:assert/strict';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, PostgresServer } from '@plugmesh/shared/testing';
import { skipped } from './support/describe-with.ts';
import { buildDevpi, DevpiServer } from './support/devpi-server.ts';
import { askPlugin, createKey, endpointsToml, type Answer } from './support/endpoints-mesh.ts';
import { build, type BuildResult } from './support/languages.ts';
import { TestMesh } from './support/test-mesh.ts';

const SERVICES = join(import.meta.dirname, '../../services');
/** The first run on a machine installs devpi and the plugin. */
const BUILD_TIMEOUT_MS = 10 * 60_000;
const ADA = { user: 'ada', password: 'ada’s own' };
const DATABASES = ['SQLite', 'PostgreSQL'] as const;

type Json = ReturnType<typeof JSON.parse>;

/** What is done, whether it has been, and what is answered when it is done once more. */
interface Step {
  readonly name: string;
  readonly act: () => Promise<Answer>;
  readonly isDone: () => Promise<boolean>;
}

for (const database of DATABASES)
  describe(`the life of an endpoint, kept in ${database}`, function () {
    this.timeout(120_000);
    let mesh: TestMesh;
    let devpi: DevpiServer;
    let guid = '';
    const keys: Record<string, string> = {};
    const cleanUps: (() => unknown)[] = [];

    before(async function () {
      this.timeout(BUILD_TIMEOUT_MS);
      if (database === 'PostgreSQL' && PostgresServer.missing)
        skipped(this, 'endpoints', PostgresServer.missing);
      const folder = folderOf(this, await build({ id: 'packages' }));
      devpi = await DevpiServer.start(folderOf(this, await buildDevpi()));
      cleanUps.push(() => devpi.stop());
      await devpi.addUser(ADA.user, ADA.password);
      mesh = await TestMesh.create({ toml: `${endpointsToml()}${await databaseSetting()}` });
      cleanUps.push(() => mesh.remove());
      // What was installed for another test need not be installed again.
      const own = join(mesh.folder, 'services/packages');
      const isOwn = (path: string): boolean => !/\.venv|__pycache__/.test(path);
      await cp(join(SERVICES, 'packages'), own, { recursive: true, filter: isOwn });
      await symlink(join(folder, '.venv'), join(own, '.venv'));
      const manifest = JSON.parse(await readFile(join(own, 'plugin.json'), 'utf8')) as object;
      await writeFile(join(own, 'plugin.json'), JSON.stringify({ ...manifest, setup: [] }));
      await mesh.up();
      for (const id of ['accounts', 'endpoints', 'packages']) await mesh.untilState(id, 'ready', 60_000);
      await mesh.run(['user', 'create', 'ada']);
      keys['admin'] = await createKey(mesh, 'admin', 'session', 'admin');
      keys['ada'] = await createKey(mesh, 'ada', 'session');
    });
    after(async () => {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    });

    async function databaseSetting(): Promise<string> {
      if (database === 'SQLite') return '';
      const postgres = await PostgresServer.start();
      cleanUps.push(() => postgres.stop());
      return `database_url = "${postgres.url}"\n`;
    }

    const ask = (who: string, method: string, path: string, body?: object): Promise<Answer> =>
      askPlugin(mesh, { key: keys[who] ?? '', method, path: `endpoints/v1/${path}`, body });
    /** The endpoint as Ada sees it; undefined when it is not there. */
    const seen = async (): Promise<Json> => {
      const { status, body } = await ask('ada', 'GET', 'endpoints');
      assert.equal(status, 200, JSON.stringify(body));
      assert.ok(body.endpoints.length <= 1, 'it is there once');
      guid = body.endpoints[0]?.guid ?? guid;
      return body.endpoints[0];
    };
    const isConnected = async (): Promise<boolean> => (await seen())?.connection?.user === ADA.user;
    const proxied = () => ask('ada', 'GET', `proxy/${guid}/+api`);

    const steps: readonly Step[] = [
      {
        name: 'register',
        act: () => ask('admin', 'POST', 'endpoints', { type: 'devpi', name: 'Packages', url: devpi.url }),
        isDone: async () => (await seen()) !== undefined,
      },
      {
        name: 'connect',
        act: () => ask('ada', 'POST', `endpoints/${guid}/connection`, { kind: 'login', credentials: ADA }),
        isDone: isConnected,
      },
      {
        name: 'validate',
        act: () => ask('ada', 'POST', `endpoints/${guid}/connection/validate`),
        isDone: isConnected,
      },
      {
        name: 'call',
        act: proxied,
        isDone: async () => (await proxied()).body.result.authstatus[1] === ADA.user,
      },
      {
        name: 'disconnect',
        act: () => ask('ada', 'DELETE', `endpoints/${guid}/connection`),
        isDone: async () => (await seen()).connection === null,
      },
      {
        name: 'unregister',
        act: () => ask('admin', 'DELETE', `endpoints/${guid}`),
        isDone: async () => (await seen()) === undefined,
      },
    ];

    /** Ends the process as a power cut would, and resolves when there is another one that is ready. */
    async function kill(): Promise<void> {
      const [{ pid = 0 } = {}] = (await mesh.untilState('endpoints', 'ready')).instances;
      process.kill(pid, 'SIGKILL');
      const isOther = async (): Promise<boolean> =>
        (await mesh.plugin('endpoints'))?.instances.some(
          (each) => each.state === 'ready' && each.pid !== pid,
        ) === true;
      await eventually(isOther, { timeoutMs: 20_000 });
      await eventually(async () => (await ask('ada', 'GET', 'types')).status === 200, { timeoutMs: 20_000 });
    }

    for (const { name, act, isDone } of steps)
      it(`goes on with '${name}', killed in the middle of it and afterwards`, async () => {
        const inTheMiddle = act().catch(() => undefined);
        await kill();
        await inTheMiddle;
        const wasDone = await isDone();
        const again = await act();
        // What had been done is said to be so; it is never done by half, and never twice.
        assert.ok(again.status < 300 || wasDone, JSON.stringify(again.body));
        assert.ok(await isDone(), name);
        await kill();
        assert.ok(await isDone(), `${name}, after a restart`);
      });

    it('has told each step once, in order', async () => {
      const heard = async (): Promise<string[]> => {
        const path = '/mesh/channel/history?topic=endpoints';
        const { stdout } = await mesh.run(['call', path, '--as', 'operator']);
        return JSON.parse(stdout).events.map(({ event }: Json) => event as string);
      };
      const expected = ['registered', 'connected', 'disconnected', 'unregistered'];
      await eventually(async () => (await heard()).length >= expected.length);
      assert.deepEqual(new Set(await heard()), new Set(expected));
      const order = (await heard()).filter((event, at, all) => event !== all[at - 1]);
      assert.deepEqual(order, expected);
    });

    it('shows what the type knows of the endpoint while somebody is connected', async () => {
      const { body } = await ask('admin', 'POST', 'endpoints', {
        type: 'devpi',
        name: 'Packages',
        url: devpi.url,
      });
      const connection = { kind: 'login', credentials: { user: 'root', password: devpi.rootPassword } };
      const connected = await ask('admin', 'POST', `endpoints/${body.guid}/connection`, connection);
      assert.deepEqual([connected.body.user, connected.body.admin], ['root', true]);
      const { metadata } = (await ask('admin', 'GET', 'endpoints')).body.endpoints[0];
      assert.match(metadata.devpi.version, /^6\./);
      assert.equal(metadata.devpi.indexes, 1);
    });

    it('has no password and no token in a log or in the answers', async () => {
      const { stdout } = await mesh.run(['logs', '-n', '2000']);
      for (const secret of [ADA.password, devpi.rootPassword]) assert.ok(!stdout.includes(secret));
    });
  });

function folderOf(context: Mocha.Context, result: BuildResult): string {
  return result.state === 'skipped' ? skipped(context, 'packages', result.reason) : result.folder;
}
