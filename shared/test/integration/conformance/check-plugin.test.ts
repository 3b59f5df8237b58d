import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadConfig, type Config } from '@plugmesh/shared/config';
import {
  checkFolder,
  type CheckFolderOptions,
  type CheckResult,
  checkUrl,
  type Report,
} from '@plugmesh/shared/conformance';
import type { Manifest } from '@plugmesh/shared/manifest';
import { processesWithEnvironment } from '@plugmesh/shared/processes';
import { eventually, freePort } from '@plugmesh/shared/testing';
import { BROKEN_PLUGINS, type BrokenPlugin } from './broken-plugins.ts';
import { PERFECT } from './perfect-plugin.ts';
import { describes, operation, type TestPlugin, writePlugin } from './test-plugin.ts';

const DEPTH = { type: 'object', properties: { depth: { type: 'integer' } } };

/** Most of a check is waiting: so many at a time share the machine well. */
const AT_A_TIME = 8;

describe('a check of a plugin', function () {
  this.timeout(300_000);
  let folder: string;
  let config: Config;
  const written: string[] = [];
  const reports = new Map<BrokenPlugin, Promise<Report>>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-conformance-'));
    config = loadConfig({ cwd: folder, env: {} });
    checkBroken();
  });
  after(async () => {
    for (const each of [folder, ...written]) await rm(each, { recursive: true, force: true });
  });

  async function write(plugin: TestPlugin, name = 'broken'): Promise<Manifest> {
    const manifest = await writePlugin(name, plugin);
    written.push(dirname(manifest.folder));
    return manifest;
  }

  const check = (manifest: Manifest, more: Partial<CheckFolderOptions> = {}): Promise<Report> =>
    checkFolder(manifest, { config, signal: new AbortController().signal, patienceMs: 10_000, ...more });
  const checked = async (plugin: TestPlugin, name?: string): Promise<Report> =>
    check(await write(plugin, name));

  /** Checks all of them beside the other tests. */
  function checkBroken(): void {
    // Those that take longest stand at the end.
    const waiting = BROKEN_PLUGINS.toReversed();
    const resolvers = BROKEN_PLUGINS.map((broken) => {
      const { promise, resolve, reject } = Promise.withResolvers<Report>();
      promise.catch(() => undefined);
      reports.set(broken, promise);
      return [broken, { resolve, reject }] as const;
    });
    const told = new Map(resolvers);
    const work = async (): Promise<void> => {
      for (let broken = waiting.shift(); broken; broken = waiting.shift())
        await checked(broken.plugin).then(told.get(broken)?.resolve, told.get(broken)?.reject);
    };
    for (let at = 0; at < AT_A_TIME; at++) void work();
  }

  describe('that fails in one way', () => {
    for (const broken of BROKEN_PLUGINS) {
      const { what, fails, seen, fix, code, level } = broken;
      it(`says so of one that ${what}, and what helps`, async () => {
        const report = await reports.get(broken);
        assert.ok(report);
        assert.deepEqual(
          failures(report).map(({ id }) => id),
          [fails],
          JSON.stringify(failures(report)),
        );
        const [{ outcome } = assert.fail()] = failures(report);
        assert.ok(outcome.kind === 'failed');
        assert.match(outcome.seen, seen);
        assert.match(outcome.fix ?? '', fix);
        assert.equal(outcome.code, code);
        assert.equal(report.level, level);
        assert.ok(report.next?.open.some(({ id }) => id === fails));
      });
    }
  });

  it('finds nothing wrong with one that does it all, reaches level 2, and touches nothing', async () => {
    const manifest = await write(PERFECT, 'perfect');
    const report = await check(manifest);
    assert.deepEqual(failures(report), []);
    assert.equal(report.level, 2);
    assert.deepEqual(
      report.next?.open.map(({ id }) => id),
      ['registers'],
    );
    const skipped = report.checks.filter(({ outcome }) => outcome.kind === 'skipped').map(({ id }) => id);
    assert.deepEqual(skipped, ['middleware']);
    assert.deepEqual(notes(report), []);
    assert.deepEqual(await readdir(manifest.folder), ['main.mjs', 'plugin.json']);
  });

  it('tells level 0 from more where there is neither health route nor description, and calls it no failure', async () => {
    const report = await checked({ health: 'return answer(404, {});' }, 'small');
    assert.deepEqual(failures(report), []);
    assert.equal(report.level, 0);
    assert.deepEqual(
      report.next?.open.map(({ id }) => id),
      ['health'],
    );
    assert.deepEqual(kindsOf(report, 'openapi'), ['missing']);
  });

  it('notes what a plugin leaves to others, and takes no level away for it', async () => {
    const report = await checked(
      {
        http: { guard: 'session' },
        openapi: describes({ '/': operation(), '/v1': operation() }),
        otherwise: 'answer(200, {});',
        handle: `if (path === '/v1') return answer(200, {});
          if (path === '/v1/') return answer(308, {}, { location: 'http://' + request.headers.host + '/v1' });`,
      },
      'trusting',
    );
    assert.deepEqual(failures(report), []);
    assert.equal(report.level, 2);
    assert.match(notes(report).join('\n'), /trusts its network on \/, \/v1/);
    assert.match(notes(report).join('\n'), /is answered with 200: a route for everything/);
    assert.match(notes(report).join('\n'), /GET \/v1\/ sends visitors to .*your framework's redirects/);
  });

  it('asks one that keeps its prefix below it', async () => {
    const report = await checked(
      {
        http: { stripPrefix: false },
        openapi: describes({ '/': operation() }),
        handle:
          "if (path === '/') return answer(404, {}); if (path === '/api/kept/') return answer(200, {});",
      },
      'kept',
    );
    assert.deepEqual(failures(report), []);
    assert.equal(report.level, 2);
    assert.deepEqual(kindsOf(report, 'prefix', 'redirects', 'operations'), ['passed', 'skipped', 'passed']);
  });

  it('says who holds a port that the manifest fixes', async () => {
    const thief = createServer().listen(await freePort(), '127.0.0.1');
    await once(thief, 'listening');
    const { port } = thief.address() as AddressInfo;
    const report = await checked({ manifest: { port } }, 'fixed').finally(() => thief.close());
    const [{ outcome } = assert.fail()] = failures(report);
    assert.ok(outcome.kind === 'failed');
    assert.equal(outcome.code, 'MESH_PORT_TAKEN');
    assert.match(outcome.seen, new RegExp(`port ${port} is held by process ${process.pid} `));
  });

  it('gives a plugin the settings that the mesh has for it, and serves it below its path', async () => {
    const handle =
      "if (path === '/') return answer(JSON.parse(process.env.PLUGMESH_CONFIG).depth === 7 ? 200 : 500, {});";
    const manifest = await write(
      { handle, openapi: describes({ '/': operation() }), manifest: { config: DEPTH } },
      'deep',
    );
    const pluginSettings = { deep: { urls: [], config: { depth: 7 } } };
    assert.deepEqual(failures(await check(manifest, { config: { ...config, pluginSettings } })), []);
    const wrong = { deep: { urls: [], config: { depth: 'far' } } };
    await assert.rejects(
      check(manifest, { config: { ...config, pluginSettings: wrong } }),
      /plugins\.deep\.config\.depth/,
    );
  });

  it('refuses what cannot be set up, with the last words of the setup', async () => {
    const setup = [['node', '-e', "console.error('no compiler'); process.exit(4)"]];
    await assert.rejects(checked({ manifest: { setup } }, 'unbuilt'), {
      code: 'MESH_SETUP_FAILED',
      message: /ended with 4: no compiler/,
    });
    await assert.rejects(checked({ manifest: { run: ['no-such-program'] } }, 'unrunnable'), {
      code: 'MESH_REQUIREMENT_MISSING',
    });
  });

  it('looks at one that runs somewhere, by its URL', async () => {
    const server = createServer((request, response) => {
      const body = { '/': {}, '/healthz': {}, '/openapi.json': describes({ '/': operation() }) }[
        request.url ?? ''
      ];
      response.writeHead(body ? 200 : 404).end(JSON.stringify(body ?? {}));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { signal } = new AbortController();
    const report = await checkUrl(`http://127.0.0.1:${port}/`, { signal }).finally(() => server.close());
    assert.deepEqual(failures(report), []);
    assert.equal(report.level, 2);
    assert.deepEqual(kindsOf(report, 'listens', 'unknown-path', 'sigterm', 'openapi'), [
      'skipped',
      'passed',
      'skipped',
      'passed',
    ]);
    const gone = await checkUrl(`http://127.0.0.1:${port}`, { signal });
    assert.deepEqual(
      failures(gone).map(({ id }) => id),
      ['http'],
    );
  });

  it('ends everything that it has started when it is broken off', async () => {
    const manifest = await write({ listen: '' }, 'endless');
    const breaking = new AbortController();
    const checking = check(manifest, { signal: breaking.signal, patienceMs: 60_000 });
    await eventually(() => processesWithEnvironment('PLUGMESH_PLUGIN=endless\0').length > 0);
    breaking.abort();
    await assert.rejects(checking, { name: 'AbortError' });
    assert.deepEqual(processesWithEnvironment('PLUGMESH_PLUGIN=endless\0'), []);
  });
});

function failures({ checks }: Report): CheckResult[] {
  return checks.filter(({ outcome }) => outcome.kind === 'failed');
}

function notes({ checks }: Report): string[] {
  return checks.flatMap(({ outcome }) =>
    outcome.kind === 'passed' && outcome.note !== undefined ? outcome.note : [],
  );
}

function kindsOf({ checks }: Report, ...ids: string[]): (string | undefined)[] {
  return ids.map((id) => checks.find((each) => each.id === id)?.outcome.kind);
}
