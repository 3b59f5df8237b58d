import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Page } from 'playwright-core';
import { eventually, freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { describeWith } from '../mesh/support/describe-with.ts';
import { Guide } from '../mesh/support/guide.ts';
import { plugin } from '../mesh/support/plugins.ts';
import { TestMesh } from '../mesh/support/test-mesh.ts';
import { openBrowser, type Browser } from './browser.ts';
import { CADDY, makeCertificate, NGINX } from './web-servers.ts';

const SYSTEM = new URL('../../services/system', import.meta.url).pathname;
const MEGABYTE = 1024 * 1024;

const HEADERS_PLUGIN = `
server((request, response) => {
  request.resume().on('end', () => response.end(JSON.stringify(request.headers)));
});`;

const STREAM_PLUGIN = `
server((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: first\\n\\n');
});`;

for (const webServer of [NGINX, CADDY]) {
  describeWith(`the guide to running behind ${webServer.name}`, webServer.missing, function () {
    this.timeout(60_000);
    let mesh: TestMesh;
    let guide: Guide;
    let running: RunningProcess;
    let port: number;
    let ca: Buffer;

    before(async () => {
      port = await freePort();
      mesh = await TestMesh.create({
        plugins: { headers: plugin('headers', HEADERS_PLUGIN), stream: plugin('stream', STREAM_PLUGIN) },
        toml: `[plugins.system]\nfolder = "${SYSTEM}"\n`,
      });
      const folder = join(mesh.folder, 'web');
      await mkdir(folder);
      makeCertificate(join(folder, 'example.org'));
      ca = await readFile(join(folder, 'example.org.crt'));
      const instead = {
        'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
        '/etc/ssl/': `${folder}/`,
        '/etc/nginx/': `${folder}/`,
        'server_name example.org': 'server_name localhost',
        'example.org {': `https://localhost:${port} {`,
        'https://example.org': `https://localhost:${port}`,
      };
      const env = { CURL_CA_BUNDLE: join(folder, 'example.org.crt') };
      guide = new Guide('docs/guides/behind-a-proxy.md', { mesh, instead, env });
      const settings = await readFile(mesh.file, 'utf8');
      await writeFile(mesh.file, settings.replace('[gateway]\n', guide.text('plugmesh.toml')));
      const away = guide.text('services/away/main.mjs');
      await mesh.addPlugin('away', { ...plugin('away', ''), 'main.mjs': away });
      const command = await webServer.prepare(guide, folder);
      await Promise.all([mesh.up(), startProcess(command, { cwd: folder }).then((each) => (running = each))]);
      await mesh.untilState('away', 'ready');
    });
    after(async () => {
      await running.stop();
      await mesh.remove();
    });

    /** Asks at the web server's port, with headers that a client has made up. */
    async function ask(path: string, { body, ...options }: RequestOptions & { body?: Buffer } = {}) {
      const made = request(`https://localhost:${port}${path}`, { ca, agent: false, ...options });
      made.end(body);
      const [response] = await new Promise<[IncomingMessage]>((resolve, reject) => {
        made.once('error', reject).once('response', (each) => resolve([each]));
      });
      return { status: response.statusCode, body: await text(response) };
    }

    const FORGED = {
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'gopher',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-prefix': '/evil',
    };

    for (const prefix of ['', '/live']) {
      it(`tells plugins where the client is, and nothing that it made up, at '${prefix}/'`, async () => {
        await eventually(async () => (await ask(`${prefix}/api/headers/`)).status === 200);
        const { body } = await ask(`${prefix}/api/headers/`, { headers: FORGED });
        const seen = JSON.parse(body) as Record<string, string>;
        assert.equal(seen['x-forwarded-for'], '127.0.0.1, 127.0.0.1');
        assert.equal(seen['x-forwarded-proto'], 'https');
        assert.equal(seen['x-forwarded-host'], `localhost:${port}`);
        assert.equal(seen['x-forwarded-prefix'], `${prefix}/api/headers`);
      });

      it(`passes large bodies up to the gateway's own limit at '${prefix}/'`, async () => {
        const path = `${prefix}/api/headers/`;
        const send = (size: number) => ask(path, { method: 'POST', body: Buffer.alloc(size) });
        assert.equal((await send(3 * MEGABYTE)).status, 200);
        const refused = await send(11 * MEGABYTE);
        assert.equal(refused.status, 413);
        assert.match(refused.body, /MESH_BODY_TOO_LARGE/);
      });

      it(`passes an event on while its stream is open at '${prefix}/'`, async () => {
        const made = request(`https://localhost:${port}${prefix}/api/stream/`, { ca, agent: false }).end();
        const first = await new Promise<string>((resolve, reject) => {
          made.once('error', reject).once('response', (response) => {
            response.once('data', (data: Buffer) => resolve(data.toString()));
          });
        });
        assert.equal(first, 'data: first\n\n');
        made.on('error', () => undefined).destroy();
      });

      it(`shows the page, live, at '${prefix}/'`, async () => {
        const browser = await openBrowser({ anyCertificate: true });
        try {
          await assertLive(browser, `https://localhost:${port}${prefix}/`);
        } finally {
          await browser.close();
        }
      });
    }

    it('leads a path without its slash to the page', async () => {
      const { status } = await ask('/live');
      assert.ok(status === 301 || status === 302, String(status));
    });

    it("leaves a plugin's redirect and cookie as the plugin made them", async () => {
      assert.equal(await eventually(() => guide.run('check')), guide.text('checked').trim());
      const browser = await openBrowser({ anyCertificate: true });
      try {
        const page = await browser.open(`https://localhost:${port}/live/api/away/`);
        assert.equal(await page.innerText('body'), 'there');
        const [cookie] = await page.context().cookies();
        assert.equal(cookie?.path, '/live/api/away/');
      } finally {
        await browser.close();
      }
    });

    it('has no code block that nothing checks, beside those of the other web server', () => {
      for (const name of [NGINX, CADDY].flatMap(({ blocks }) => blocks)) guide.text(name);
      guide.assertFollowed();
    });
  });
}

/** The page is live, its push comes back over Redis, and everything it asked for lies below its own address. */
async function assertLive(browser: Browser, address: string): Promise<void> {
  const page = await browser.open(address);
  await page.locator('#connection[data-state=live]').waitFor();
  const system = page.locator('[data-plugin=system][data-state=ready]');
  await system.waitFor();
  assert.equal(await system.locator('a').getAttribute('href'), new URL('api/system/', address).pathname);
  await page.getByRole('button', { name: 'Push' }).click();
  await page.getByText(/^There and back in /).waitFor();
  await assertTried(await browser.open(`${address}docs/`));
  assert.deepEqual(browser.errors, []);
  assert.deepEqual(browser.foreignRequests(address), []);
}

/** The documentation leads a reader to a plugin, too. */
async function assertTried(page: Page): Promise<void> {
  const operation = page.locator('.opblock').filter({ has: page.locator('[data-path="/api/system/net"]') });
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.locator('.execute').click();
  await operation.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
  await page.getByRole('link', { name: 'Topics' }).click();
  await page.locator('[data-topic=system]').waitFor();
}
