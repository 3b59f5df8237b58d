import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { processesWithEnvironment } from '@plugmesh/shared/processes';
import { eventually } from '@plugmesh/shared/testing';
import { skipped } from './support/describe-with.ts';
import { build, LANGUAGES } from './support/languages.ts';
import { plugin } from './support/plugins.ts';
import { LAUNCHER, TestMesh } from './support/test-mesh.ts';

const BUILD_TIMEOUT_MS = 20 * 60_000;
const SERVICES = join(import.meta.dirname, '../../services');

const FINE = `
const paths = { '/': 200, '/healthz': 200 };
const it = server((request, response) => response.writeHead(paths[request.url] ?? 404).end('{}'));
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => it.close());
`;

/** What `--json` prints. */
interface Printed {
  readonly plugin: string;
  readonly level: number;
  readonly failed: number;
  readonly checks: readonly { readonly id: string; readonly outcome: { readonly kind: string } }[];
}

describe('./plugmesh check', function () {
  this.timeout(90_000);
  let mesh: TestMesh;
  const folder = (id: string): string => join(mesh.folder, 'services', id);

  before(async () => {
    mesh = await TestMesh.create({
      toml: `[plugins.system]\nfolder = ${JSON.stringify(join(SERVICES, 'system'))}\n`,
      plugins: {
        fine: plugin('fine', FINE),
        broken: {
          'plugin.json': { name: 'broken', run: ['node', 'main.mjs'] },
          'main.mjs': "import 'nowhere-to-be-found';",
        },
        wrong: { 'plugin.json': '{ "name": "other",\n "rum": [] }' },
        unheard: {
          'plugin.json': { name: 'unheard', run: ['node', 'main.mjs'] },
          'main.mjs': 'setInterval(() => undefined, 1000);',
        },
      },
    });
  });
  after(() => mesh.remove());

  it('says of a shipped plugin what it does, by level, and ends with the level', async () => {
    const { code, output } = await mesh.command('check', join(SERVICES, 'system'), '--level', '2');
    assert.equal(code, 0, output);
    assert.match(output, /^system: the manifest is valid\nlevel 0: .*\n {2}✔ listens +listens at the HOST/);
    assert.match(output, /\nsystem: level 3 reached\n$/);
    assert.doesNotMatch(output, /✖/);
  });

  it('shows what one has written that does not start, what helps, and what is missing, and answers 1', async () => {
    const { code, output } = await mesh.command('check', folder('broken'));
    assert.equal(code, 1, output);
    assert.match(
      output,
      /✖ listens +MESH_PLUGIN_EXITED .*\n +it ended with code 1 before it listened\n( +│ .*\n)*.*Cannot find package 'nowhere-to-be-found'/,
    );
    assert.match(output, /fix: npm install nowhere-to-be-found/);
    assert.match(output, /\n\d+ more were not tried/);
    assert.doesNotMatch(output, /unknown-path/);
    assert.match(output, /\nbroken: no level reached; 1 check failed; for level 0:\n {2}listens: it ended/);
  });

  it('prints the same as data, problems of a manifest too', async () => {
    const { code, output } = await mesh.command('check', folder('broken'), '--json');
    assert.equal(code, 1);
    const printed = JSON.parse(output) as Printed;
    assert.deepEqual([printed.plugin, printed.level, printed.failed], ['broken', undefined, 1]);
    assert.equal(printed.checks[0]?.outcome.kind, 'failed');
    const wrong = await mesh.command('check', folder('wrong'), '--json');
    assert.equal(wrong.code, 1);
    const { problems } = JSON.parse(wrong.output) as {
      problems: { code: string; position: { line: number } }[];
    };
    const shown = problems.map((each) => `${each.code}:${each.position.line}`);
    assert.ok(shown.includes('MESH_MANIFEST_UNKNOWN_FIELD:2'), shown.join());
  });

  it('answers 1 where no check has failed but --level is not reached, and 2 to what it does not understand', async () => {
    const { code, output } = await mesh.command('check', folder('fine'), '--level', '3');
    assert.equal(code, 1, output);
    assert.doesNotMatch(output, /✖/);
    for (const line of [['check'], ['check', folder('nowhere')], ['check', folder('fine'), '--level', '7']])
      assert.equal((await mesh.command(...line)).code, 2, line.join(' '));
  });

  it('looks at a plugin that runs, by its URL, held against its manifest', async () => {
    await mesh.up();
    await mesh.untilState('system', 'ready');
    const [{ url } = assert.fail()] = (await mesh.plugin('system'))?.instances ?? [];
    const { code, output } = await mesh.command(
      'check',
      url,
      '--manifest',
      join(SERVICES, 'system/plugin.json'),
    );
    assert.equal(code, 0, output);
    assert.match(output, /– sigterm +skipped: it is not started here/);
    assert.match(output, /✔ prefix/);
    assert.match(output, /\nsystem: level 2 reached; for level 3:/);
    assert.equal((await mesh.plugin('system'))?.state, 'ready');
    await mesh.stop();
  });

  it('leaves nothing behind when it is broken off by Ctrl-C', async () => {
    const temporary = join(mesh.folder, 'temporary');
    mkdirSync(temporary);
    const child = spawn(LAUNCHER, ['check', folder('unheard')], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], PLUGMESH_FILE: mesh.file, TMPDIR: temporary },
    });
    const ended = once(child, 'exit');
    const started = (): number[] => processesWithEnvironment('PLUGMESH_PLUGIN=unheard\0');
    await eventually(() => started().length > 0, { timeoutMs: 20_000 });
    assert.notDeepEqual(readdirSync(temporary), []);
    child.kill('SIGINT');
    assert.deepEqual(await ended, [1, null]);
    assert.deepEqual(started(), []);
    assert.deepEqual(readdirSync(temporary), []);
  });

  describe('of a shipped plugin in another language', () => {
    /** All at the same time: most of a check is waiting. */
    const checks = new Map<string, Promise<{ code: number | string; output: string }>>();

    before(async function () {
      this.timeout(BUILD_TIMEOUT_MS);
      for (const language of LANGUAGES) {
        const built = await build(language);
        if (built.state === 'skipped') continue;
        checks.set(language.id, mesh.command('check', built.folder, '--json', '--level', '2'));
      }
    });

    for (const { id } of LANGUAGES) {
      it(`finds nothing wrong with ${id}`, async function () {
        const check = checks.get(id);
        if (!check) return skipped(this, id, 'its toolchain is missing');
        const { code, output } = await check;
        assert.equal(code, 0, output);
        assert.equal((JSON.parse(output.slice(output.indexOf('{\n'))) as Printed).failed, 0);
      });
    }
  });
});
