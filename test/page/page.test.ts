import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { eventually, type EventuallyOptions } from '@plugmesh/shared/testing';
import { plugin } from '../mesh/support/plugins.ts';
import { TestMesh } from '../mesh/support/test-mesh.ts';
import { openBrowser, type Browser } from './browser.ts';

const ROOT = join(import.meta.dirname, '../..');
const SYSTEM = join(ROOT, 'services/system');

/** Publishes far more often than anybody could read. */
const TICKER = `import { definePlugin } from '@plugmesh/sdk';

definePlugin({
  setup({ service, publish }) {
    service('ticker', async (signal) => {
      for (let ticks = 0; !signal.aborted; ticks++) {
        await publish('ticker', 'tick', { pid: process.pid, memoryBytes: 41 * 2 ** 20, ticksSoFar: ticks, more: 'x' });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
  },
});
`;

describe('the page', function () {
  this.timeout(90_000);
  let mesh: TestMesh;
  let browser: Browser;
  let page: Page;

  before(async () => {
    mesh = await TestMesh.create({ toml: `[plugins.system]\nfolder = "${SYSTEM}"\n` });
    // A reader works in the repository; this folder stands for it.
    await symlink(join(ROOT, 'node_modules'), join(mesh.folder, 'node_modules'));
    await mesh.up();
    browser = await openBrowser();
    page = await browser.open(`${mesh.origin}/`);
  });
  after(async () => {
    await browser.close();
    await mesh.remove();
  });

  it('lists the plugins with their states, and follows a change', async () => {
    const system = page.locator('[data-plugin=system]');
    await system.and(page.locator('[data-state=ready]')).waitFor();
    assert.match(await system.innerText(), /System\s+ready\s+\/api\/system\s+public/);
    // Links to plugins that are not there.
    for (const link of ['#account', '#endpoints']) assert.equal(await page.locator(link).isVisible(), false);

    await mesh.addPlugin('broken', { 'plugin.json': { name: 'broken', run: ['node'], guards: 'public' } });
    const broken = page.locator('[data-plugin=broken][data-state=invalid]');
    await broken.waitFor({ timeout: 10_000 });
    assert.match(await broken.innerText(), /guards/);
  });

  it('shows live what the topic of a plugin last said, at most once a second', async () => {
    await mesh.addPlugin('ticker', {
      'main.mts': TICKER,
      'plugin.json': {
        name: 'ticker',
        run: ['node', 'main.mts'],
        topics: [{ pattern: 'ticker', join: 'public', push: 'none' }],
      },
    });
    const live = page.locator('[data-plugin=ticker] .live');
    await live.filter({ hasText: /^tick · 41 MiB · \d+ ticks so far$/ }).waitFor({ timeout: 20_000 });
    assert.equal(await live.getAttribute('aria-live'), 'off');
    const changes = await page.evaluate(changesInThreeSeconds('[data-plugin=ticker] .live'));
    assert.ok(changes >= 2 && changes <= 4, `${changes} changes in 3 s`);
    assert.match(await page.locator('[data-plugin=system] .live').innerText(), /^(net|update-node) · /);
  });

  it('shows nothing for a plugin whose topic may not be joined, and moves nothing', async () => {
    await mesh.addPlugin('mute', plugin('mute', "server((req, res) => res.end('here'));"));
    const mute = page.locator('[data-plugin=mute][data-state=ready]');
    await mute.waitFor({ timeout: 20_000 });
    const live = page.locator('[data-plugin=ticker] .live');
    const before = await live.innerText();
    await eventually(async () => (await live.innerText()) !== before);
    assert.equal(await mute.locator('.live').innerText(), '');
    const heights = await page
      .locator('[data-plugin=ticker] .live, [data-plugin=mute] .live')
      .evaluateAll((lines) => lines.map((line) => line.getBoundingClientRect().height));
    assert.equal(heights[0], heights[1]);
  });

  it('shows no values of a plugin that is not ready, and new ones when it is', async () => {
    const pid = (await mesh.plugin('ticker'))?.instances[0]?.pid;
    await mesh.command('disable', 'ticker');
    await page.locator('[data-plugin=ticker]:not([data-state=ready])').waitFor({ timeout: 20_000 });
    assert.equal(await page.locator('[data-plugin=ticker] .live').count(), 0);
    await mesh.command('enable', 'ticker');
    await page.locator('[data-plugin=ticker] .live', { hasText: 'tick · ' }).waitFor({ timeout: 20_000 });
    assert.notEqual((await mesh.plugin('ticker'))?.instances[0]?.pid, pid);
  });

  it('agrees with /proc within two seconds', async () => {
    const shownSeconds = async () => uptimeSeconds(await page.locator('#uptime').innerText());
    await eventually(async () => Math.abs((await shownSeconds()) - procUptime()) <= 2);
    await eventually(async () => {
      const shown = Number.parseFloat(await page.locator('#ram_usage').innerText());
      assert.ok(Math.abs(shown - procMemoryPercent()) < 3, `page ${shown}, /proc ${procMemoryPercent()}`);
      return true;
    });
    const utc = await page.locator('#info_utc').innerText();
    assert.ok(Math.abs(Date.parse(`${utc.replace(' ', 'T')}Z`) - Date.now()) <= 2_000, utc);
    assert.match(await page.locator('#cpu_load').innerText(), /^\d+(\.\d+)?%$/);
  });

  it('names the interfaces of /proc/net/dev', async () => {
    const shown = await page
      .locator('#net th')
      .evaluateAll((cells) => cells.map((cell) => cell.firstChild?.nodeValue));
    assert.deepEqual(shown.sort(), procInterfaces().sort());
  });

  it('draws a curve that grows', async () => {
    const curve = page.locator('#ram_usage-plot .curve');
    const points = async () => ((await curve.getAttribute('d')) ?? '').split('L').length;
    const before = await points();
    await eventually(async () => (await points()) > before);
  });

  it('pushes, and shows the reply and the answer that came over Redis', async () => {
    const payload = await page.locator('#push-payload').inputValue();
    await page.getByRole('button', { name: 'Push' }).click();
    await page.getByText(/^There and back in /).waitFor();
    const lines = await page.locator('#transcript li').allInnerTexts();
    assert.match(lines.join('\n'), /pushed system echo/);
    assert.match(lines.join('\n'), /reply ok/);
    const answer = lines.find((line) => line.includes('system echo_result'));
    assert.ok(answer?.includes(payload), answer);
  });

  it('does not bury an answer under what a topic says by itself', async () => {
    await page.locator('#push-topic').fill('ticker');
    await page.getByRole('button', { name: 'Push' }).click();
    const ticks = page.locator('#transcript li', { hasText: 'heard ticker tick' });
    await eventually(async () => (await ticks.count()) === 3);
    const live = page.locator('[data-plugin=ticker] .live');
    const before = await live.innerText();
    await eventually(async () => (await live.innerText()) !== before);
    assert.equal(await ticks.count(), 3);
    await page.locator('#push-topic').fill('system');
  });

  it('refuses a payload that is not JSON, with the reason, and sends nothing', async () => {
    const lines = await page.locator('#transcript li').count();
    await page.locator('#push-payload').fill('{nonce}');
    await page.getByRole('button', { name: 'Push' }).click();
    assert.match(await page.locator('#push-problem').innerText(), /not JSON/);
    assert.equal(await page.locator('#transcript li').count(), lines);
  });

  it('says that a topic without a rule cannot be joined', async () => {
    await page.locator('#push-topic').fill('nowhere');
    await page.locator('#push-payload').fill('{}');
    await page.getByRole('button', { name: 'Push' }).click();
    await page.locator('#transcript').getByText('unmatched topic').first().waitFor();
    await page.locator('#push-topic').fill('system');
  });

  it('does not scroll sideways on a phone', async () => {
    const phone = await browser.open(`${mesh.origin}/`, { viewport: { width: 320, height: 640 } });
    await phone.locator('[data-plugin=system]').waitFor();
    await phone.locator('#net tr').first().waitFor();
    assert.equal(await phone.evaluate('document.documentElement.scrollWidth'), 320);
    await phone.close();
  });

  it('is dark where the system is, with text that can be read', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      const [ink = 0, paper = 0] = await page.evaluate(LUMINANCES);
      assert.equal(ink > paper, scheme === 'dark');
      const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      assert.ok(contrast > 7, `${scheme}: ${contrast.toFixed(1)}`);
    }
    await page.emulateMedia({ colorScheme: null });
  });

  for (const name of ['channel', 'gateway', 'redis', 'mesh', 'system']) {
    it(`goes on by itself after ${name} is killed`, async () => {
      const cutsSocket = name === 'channel' || name === 'gateway';
      const states = await noteStates(page);
      await killProcess(mesh, name);
      if (cutsSocket) await eventually(async () => (await states()).includes('lost'), waitFor('the loss'));
      await eventually(async () => (await states()).at(-1) === 'live', waitFor('the connection'));
      const shown = page.locator('#uptime');
      await eventually(
        async () => Math.abs(uptimeSeconds(await shown.innerText()) - procUptime()) <= 2,
        waitFor('the uptime'),
      );
      await eventually(() => pushComesBack(page), waitFor('the answer'));
      const system = page.locator('[data-plugin=system][data-state=ready]');
      await eventually(() => system.isVisible(), waitFor('the plugin'));
    }).timeout(240_000);
  }

  it('has run into no error and asked no other host', () => {
    assert.deepEqual(browser.errors, []);
    assert.deepEqual(browser.foreignRequests(mesh.origin), []);
  });
});

/** A busy machine starts a process in many seconds, and the client's pauses between two tries grow to five and ten. */
function waitFor(what: string): EventuallyOptions {
  return { what, timeoutMs: 60_000 };
}

/** Notes every state of the connection from now on: one may be over before somebody looks. Answers what was noted. */
async function noteStates(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(`{
    const connection = document.querySelector('#connection');
    window.states = [connection.dataset.state];
    new MutationObserver(() => window.states.push(connection.dataset.state)).observe(connection, {
      attributeFilter: ['data-state'],
    });
  }`);
  return () => page.evaluate<string[]>('window.states');
}

/** Kills one process as a crash would, and waits until another has taken its place. */
async function killProcess(mesh: TestMesh, name: string): Promise<void> {
  const find = async () => (await mesh.runningProcesses()).find((each) => each.name === name)?.pid;
  const pid = await find();
  assert.ok(pid, `${name} runs`);
  process.kill(pid, 'SIGKILL');
  await eventually(
    async () => {
      const now = await find();
      return now !== undefined && now !== pid;
    },
    waitFor(`another ${name}`),
  );
}

/** Pushes an echo of its own nonce, and resolves to whether it was answered within two seconds. */
async function pushComesBack(page: Page): Promise<boolean> {
  const payload = JSON.stringify({ nonce: Date.now() });
  await page.locator('#push-payload').fill(payload);
  await page.getByRole('button', { name: 'Push' }).click();
  const answer = page.locator('#transcript li', { hasText: 'echo_result' }).filter({ hasText: payload });
  return answer.waitFor({ timeout: 2_000 }).then(
    () => true,
    () => false,
  );
}

/** Relative luminance (WCAG 2) of the body's text and background. */
const LUMINANCES = `[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]
  .map((text) => text.match(/\\d+/g).slice(0, 3).map((part) => (part / 255) ** 2.2))
  .map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b)` as unknown as () => number[];

/** How often the text of an element changes. */
function changesInThreeSeconds(selector: string): () => Promise<number> {
  return `new Promise((resolve) => {
    let changes = 0;
    const observer = new MutationObserver(() => { changes += 1; });
    observer.observe(document.querySelector('${selector}'), { childList: true });
    setTimeout(() => { observer.disconnect(); resolve(changes); }, 3000);
  })` as unknown as () => Promise<number>;
}

/** Seconds of `1 day, 2:03:04`. */
function uptimeSeconds(text: string): number {
  const [, days = '0', hours, minutes, seconds] = /^(?:(\d+) days?, )?(\d+):(\d+):(\d+)$/.exec(text) ?? [];
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
}

function procUptime(): number {
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
}

function procMemoryPercent(): number {
  const text = readFileSync('/proc/meminfo', 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]);
  return (1 - kilobytes('MemAvailable') / kilobytes('MemTotal')) * 100;
}

function procInterfaces(): string[] {
  const lines = readFileSync('/proc/net/dev', 'utf8').trim().split('\n').slice(2);
  return lines.map((line) => line.split(':')[0]!.trim());
}
