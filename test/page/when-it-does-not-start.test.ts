import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { failureText, type PluginFailure } from '@plugmesh/shared/mesh-document';
import { eventually, freePort } from '@plugmesh/shared/testing';
import { Guide } from '../mesh/support/guide.ts';
import { plugin } from '../mesh/support/plugins.ts';
import { TestMesh } from '../mesh/support/test-mesh.ts';
import { openBrowser, type Browser } from './browser.ts';

/** The plugins of the guide, and those whose last lines are not known before. */
const BROKEN = ['wrong-port', 'crash', 'no-package', 'no-module', 'no-program', 'taken', 'hen'];
const FILES = [
  'wrong-port/plugin.json',
  'wrong-port/main.mjs',
  'crash/plugin.json',
  'crash/main.mjs',
  'no-package/plugin.json',
  'no-package/main.mjs',
  'no-module/plugin.json',
  'no-module/main.py',
  'no-program/plugin.json',
  'taken/plugin.json',
  'taken/main.mjs',
  'hen/plugin.json',
  'egg/plugin.json',
];
const SOON = { timeoutMs: 20_000 };

interface Problem {
  readonly code: string;
  readonly fix?: string;
  readonly reason?: string;
  readonly failure?: PluginFailure;
}

describe('the guide to plugins that do not start', function () {
  this.timeout(90_000);
  let mesh: TestMesh;
  let guide: Guide;
  let holder: Server;
  let browser: Browser;
  let page: Page;

  before(async () => {
    holder = createServer((_req, res) => res.end('not the plugin')).listen(0, '127.0.0.1');
    await once(holder, 'listening');
    mesh = await TestMesh.create();
    const instead = {
      '8080': String((holder.address() as AddressInfo).port),
      '8000': String(await freePort()),
    };
    guide = new Guide('docs/guides/when-it-does-not-start.md', { mesh, instead });
    for (const file of FILES) await guide.write(`services/${file}`);
    await mesh.addPlugin('fine', plugin('fine', "server((q, res) => res.end('fine'));"));
    await mesh.up();
    browser = await openBrowser();
    page = await browser.open(`${mesh.origin}/`);
  });
  after(async () => {
    await browser.close();
    await mesh.remove();
    holder.close();
  });

  /** What mesh says of a plugin, once that stays so. */
  async function failureOf(id: string): Promise<PluginFailure> {
    return eventually(async () => {
      const { failure } = (await mesh.plugin(id)) as { failure?: PluginFailure };
      if (!failure) throw new Error(`${id} has not failed`);
      return failure;
    }, SOON);
  }

  async function problemOf(id: string): Promise<Problem> {
    return (await (await fetch(`${mesh.origin}/api/${id}/`)).json()) as Problem;
  }

  for (const id of BROKEN) {
    it(`says the same of '${id}' in the terminal, on the page and in the answer, and as the guide has it`, async () => {
      // The last lines come in as they are written: what is compared has to be of one moment.
      await eventually(async () => {
        const failure = await failureOf(id);
        const text = failureText(failure);
        const inTerminal = text.replaceAll('\n', '\n    ');
        assert.ok((await mesh.command('ps')).output.includes(`✖ ${id}: ${inTerminal}\n`), inTerminal);
        const problem = await problemOf(id);
        assert.equal(problem.code, 'MESH_PLUGIN_UNAVAILABLE');
        assert.deepEqual([problem.failure, problem.reason, problem.fix], [failure, text, failure.fix]);
        const shown = await page.locator(`[data-plugin=${id}] .reason`).innerText();
        for (const part of [`${failure.code}: ${failure.message}`, ...failure.lines, failure.fix ?? 'no fix'])
          assert.ok(shown.includes(part.trim()), `${part}\nis not in\n${shown}`);
        assert.match(`✖ ${id}: ${inTerminal}\n`, asPattern(guide.text(`what you see of ${id}`)));
        return true;
      }, SOON);
    });
  }

  it('says it as well where `up` was started, while the others run', async () => {
    await eventually(() => BROKEN.every((id) => mesh.output.includes(`${id}: MESH_`) || said(id)), SOON);
    assert.equal(await (await fetch(`${mesh.origin}/api/fine/`)).text(), 'fine');
    function said(id: string): boolean {
      return new RegExp(`^${id} is \\w+: MESH_`, 'm').test(mesh.output);
    }
  });

  it('answers clients what the guide shows', async () => {
    const answer = JSON.parse(await guide.run('ask for one that has failed')) as Problem;
    const shown = JSON.parse(guide.text('what it answers')) as Problem;
    assert.deepEqual(Object.keys(answer), Object.keys(shown));
    assert.equal(answer.fix, shown.fix);
    assert.deepEqual(
      [answer.failure?.code, answer.failure?.message, answer.failure?.fix],
      [shown.failure?.code, shown.failure?.message, shown.failure?.fix],
    );
    assert.ok(answer.failure?.lines.includes('Error: WEATHER_KEY is not set'));
  });

  it('knows more about what programs say when they end', async () => {
    const cases: Record<string, [code: string, expected: RegExp]> = {
      syntax: ['const = 1;', /cannot be read: .*main\.mjs:3: Unexpected token.*\n[^]*correct .*main\.mjs:3$/],
      silent: ['process.exit(0);', /ended by itself\n {2}it wrote nothing/],
      spawns: [
        "import { spawn } from 'node:child_process'; spawn('no-such-tool');",
        /'no-such-tool' is missing\n[^]*install it/,
      ],
      fixed: [
        `server(() => {}); createServer().listen(${mesh.config.mesh.port}, '127.0.0.1');`,
        /port \d+ is held by process \d+ \(.*\n[^]*use the PORT/,
      ],
      reads: ["import { readFileSync } from 'node:fs'; readFileSync('key.pem');", /there is no 'key\.pem'/],
      missing: ["import './nowhere.mjs';", /there is no module '.*nowhere\.mjs'/],
    };
    for (const [id, [code]] of Object.entries(cases)) await mesh.addPlugin(id, plugin(id, code));
    for (const [id, [, expected]] of Object.entries(cases)) {
      const matches = async (): Promise<true> => {
        assert.match(failureText(await failureOf(id)), expected);
        return true;
      };
      await eventually(matches, SOON);
    }
  });

  it('forgets what was said as soon as the plugin is mended', async () => {
    await writeFile(
      join(mesh.folder, 'services/crash/main.mjs'),
      plugin('crash', "server((q, res) => res.end('mended'));")['main.mjs'] as string,
    );
    await mesh.command('reload', 'crash');
    const { reason, failure } = (await mesh.untilState('crash', 'ready')) as {
      reason?: string;
      failure?: unknown;
    };
    assert.deepEqual([reason, failure], [undefined, undefined]);
    await rm(join(mesh.folder, 'services/egg'), { recursive: true });
    await eventually(
      async () => /MESH_MANIFEST_INVALID.*'egg'/.test((await mesh.plugin('hen'))?.reason ?? ''),
      SOON,
    );
  });

  it('has no block that nothing checks', () => {
    guide.assertFollowed();
  });
});

/** A block of the guide as a pattern: `…` stands for what differs, alone in a line for any lines. */
function asPattern(text: string): RegExp {
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll(/^…$/gm, '[^]*').replaceAll('…', '.*')}$`);
}
