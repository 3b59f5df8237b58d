import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { lint } from '../../gateway/test/support/merging.ts';
import { eventually } from '@plugmesh/shared/testing';
import { plugin } from '../mesh/support/plugins.ts';
import { TestMesh, type PluginFiles } from '../mesh/support/test-mesh.ts';
import { openBrowser, type Browser } from './browser.ts';

const SERVICES = join(import.meta.dirname, '../../services');
const PASSWORD = 'a horse, a battery and a staple';
const EVIL = '<img src=x onerror="window.evil = 1"><script>window.evil = 1</script> [x](javascript:evil)';

/** A description that holds by the specification's schema, which leaves JSON Schemas alone: these are none. */
const ODD = {
  openapi: '3.1.0',
  info: { title: 'Odd', version: '1' },
  paths: {
    '/odd': {
      post: {
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 5,
                properties: [1],
                required: 'x',
                enum: {},
                items: 7,
                allOf: [3],
                pattern: '(((',
                examples: 1,
              },
            },
          },
        },
        parameters: [{ name: 'q', in: 'query', schema: { type: ['nothing'], default: { a: 1 }, enum: 4 } }],
        responses: {
          200: { description: 'Done', content: { 'application/json': { schema: { type: {} } } } },
        },
      },
    },
  },
};

const done = { 200: { description: 'Done' } };

/** The code of a plugin that answers everything with this document. */
function answering(document: object): string {
  return `server((req, res) => res.end(${JSON.stringify(JSON.stringify(document))}));`;
}

/** Answers every path with what it was sent, behind a login, and describes two of them. */
function fleet(summary: string): PluginFiles {
  const document = {
    openapi: '3.0.3',
    info: { title: 'Fleet', version: '1', description: `Ships. ${EVIL}` },
    paths: {
      '/ships': {
        get: { summary, description: EVIL, operationId: 'ships', responses: done },
        post: { summary: 'A new ship', responses: done },
      },
    },
  };
  return plugin(
    'fleet',
    `server((req, res) => {
      if (req.url === '/openapi.json') return res.end(${JSON.stringify(JSON.stringify(document))});
      const { cookie = '', 'x-plugmesh-user': user = '', 'x-xsrf-token': token = 'none left' } = req.headers;
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ did: req.method, user, cookie, token }));
    });`,
    {
      http: { guard: 'session' },
      topics: [
        {
          pattern: 'fleet:*',
          join: 'public',
          push: 'session',
          presence: true,
          history: { size: 100, ttl: '1h' },
          description: 'Where each ship is.',
          events: { moved: { type: 'object', description: 'A new position', properties: { lat: {} } } },
        },
      ],
    },
  );
}

describe('the pages of the documentation', function () {
  this.timeout(90_000);
  let mesh: TestMesh;
  let browser: Browser;
  let page: Page;

  before(async () => {
    mesh = await TestMesh.create({
      toml: ['accounts', 'system'].map((id) => `[plugins.${id}]\nfolder = "${SERVICES}/${id}"\n`).join(''),
      plugins: {
        fleet: fleet('All ships'),
        odd: plugin('odd', answering(ODD)),
        broken: plugin('broken', "server((req, res) => res.end('<html>'));"),
      },
    });
    await mesh.up();
    for (const id of ['accounts', 'system', 'fleet', 'broken']) await mesh.untilState(id, 'ready');
    browser = await openBrowser();
    page = await browser.open(`${mesh.origin}/`);
    page.setDefaultTimeout(15_000);
  });
  after(async () => {
    await browser.close();
    await mesh.remove();
  });

  const operation = (method: string, path: string) =>
    page.locator(`.opblock-${method}`).filter({ has: page.locator(`[data-path="${path}"]`) });

  /** Opens an operation once, and sends it; its status as the page shows it, and its body. */
  const send = async (method: string, path: string): Promise<{ status: string; body: string }> => {
    const block = operation(method, path);
    const tryOut = block.getByRole('button', { name: 'Try it out' });
    if ((await block.locator('.execute').count()) === 0) {
      if ((await tryOut.count()) === 0) await block.locator('.opblock-summary-control').click();
      await tryOut.click();
    }
    const clear = block.getByRole('button', { name: 'Clear' });
    if ((await clear.count()) > 0) await clear.click();
    await block.locator('.execute').click();
    const live = block.locator('.live-responses-table');
    await live.waitFor();
    const [status = ''] = (await live.locator('tbody .response-col_status').first().innerText()).split('\n');
    return { status, body: await live.locator('tbody .response-col_description').first().innerText() };
  };

  it('are linked from the main page and lead back to it', async () => {
    await page.getByRole('link', { name: 'Topics' }).click();
    await page.getByRole('link', { name: 'API' }).click();
    await page.waitForURL(`${mesh.origin}/docs`);
    await page.getByRole('link', { name: 'plugmesh' }).click();
    await page.waitForURL(`${mesh.origin}/`);
    await page.goto(`${mesh.origin}/docs`);
  });

  it('are made from a document that is valid, with the APIs of accounts and system in it', async () => {
    const document: unknown = await (await fetch(`${mesh.origin}/openapi.json`)).json();
    assert.deepEqual(await lint(document), []);
  });

  it('show the operations of all plugins with their guards, and a badge for a broken one', async () => {
    await operation('get', '/api/fleet/ships').waitFor();
    assert.equal(await operation('get', '/api/fleet/ships').locator('.guard').innerText(), 'session');
    assert.equal(await operation('get', '/api/system/net').locator('.guard').innerText(), 'public');
    assert.equal(await operation('get', '/api/accounts/v1/users').locator('.guard').innerText(), 'admin');
    const badges = page.locator('[data-description=broken]');
    assert.match(await badges.innerText(), /broken\s*broken description\s*it is not JSON/);
  });

  it('show the others when a plugin describes what nobody could', async () => {
    const odd = operation('post', '/api/odd/odd');
    await odd.locator('.opblock-summary-control').click();
    await odd.locator('.responses-inner').waitFor();
    assert.ok(await operation('get', '/api/fleet/ships').isVisible());
    await odd.locator('.opblock-summary-control').click();
  });

  it('try a route as nobody', async () => {
    await page.getByLabel('nobody').check();
    assert.equal((await send('get', '/api/fleet/ships')).status, '401');
    assert.equal((await send('get', '/api/system/net')).status, '200');
  });

  it('try with the login of this browser, also what changes something', async () => {
    const link = await eventually(() => /http\S+\/link#\S+/.exec(mesh.output)?.[0]);
    const login = await browser.open(link);
    await login.locator('#password').fill(PASSWORD);
    await login.locator('#again').fill(PASSWORD);
    await login.getByRole('button').click();
    await login.waitForURL(`${mesh.origin}/api/accounts/`);
    await login.close();
    // Still nobody, with the cookie there.
    assert.equal((await send('get', '/api/fleet/ships')).status, '401');
    await page.getByLabel('my login').check();
    assert.match((await send('get', '/api/fleet/ships')).body, /"did": "GET"/);
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    const { status, body } = await send('post', '/api/fleet/ships');
    assert.equal(status, '200');
    assert.match(body, /"did": "POST",\s*"user": "[\w-]+",\s*"cookie": "",\s*"token": "none left"/);
    assert.match((await (await sent).allHeaders())['x-xsrf-token'] ?? '', /^[\w-]{43}$/);
  });

  it('try with an API key, which nothing keeps and no cookie goes with', async () => {
    const made = await page.evaluate(`fetch('/api/accounts/v1/keys', { method: 'POST',
      headers: { 'content-type': 'application/json' }, body: JSON.stringify(
        { name: 'docs', guards: ['key', 'session'], plugins: ['*'], days: 1 }) }).then((each) => each.json())`);
    const { key } = made as { key: string };
    await page.getByLabel('API key').check();
    await page.locator('#key').fill(key);
    const sent = page.waitForRequest((request) => request.url().endsWith('/api/fleet/ships'));
    assert.equal((await send('post', '/api/fleet/ships')).status, '200');
    const headers = await (await sent).allHeaders();
    assert.equal(headers['authorization'], `Bearer ${key}`);
    assert.equal(headers['cookie'], undefined);
    const kept = await page.evaluate(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])',
    );
    assert.ok(!String(kept).includes(key));
    await page.getByLabel('my login').check();
  });

  it('follow plugins that come, change and go, and keep open what is open', async () => {
    const open = operation('get', '/api/fleet/ships').locator('.opblock-body');
    assert.equal(await open.isVisible(), true);
    const document = {
      openapi: '3.1.0',
      info: { title: 'New', version: '1' },
      paths: { '/new': { get: {} } },
    };
    await mesh.addPlugin('newcomer', plugin('newcomer', answering(document)));
    await operation('get', '/api/newcomer/new').waitFor({ timeout: 30_000 });
    assert.equal(await open.isVisible(), true);

    await mesh.addPlugin('fleet', fleet('Every ship'));
    await mesh.command('reload', 'fleet');
    await operation('get', '/api/fleet/ships').getByText('Every ship').waitFor({ timeout: 30_000 });
    assert.equal(await open.isVisible(), true);

    await mesh.removePlugin('newcomer');
    await operation('get', '/api/newcomer/new').waitFor({ state: 'detached', timeout: 30_000 });
  });

  it('have the look of the mesh, light and dark, and fit on a phone', async () => {
    const colours = (): Promise<string[]> =>
      page.evaluate(`[document.body, document.querySelector('.opblock-summary-path')].map((each, at) =>
        getComputedStyle(each)[at === 0 ? 'backgroundColor' : 'color'])`);
    await page.emulateMedia({ colorScheme: 'light' });
    assert.deepEqual(await colours(), ['rgb(245, 245, 240)', 'rgb(23, 33, 31)']);
    await page.emulateMedia({ colorScheme: 'dark' });
    await eventually(async () => (await colours())[1] === 'rgb(228, 235, 232)');
    await page.emulateMedia({ colorScheme: null });
    const isWider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    for (const path of ['/docs', '/docs/topics']) {
      const phone = await browser.open(`${mesh.origin}${path}`, { viewport: { width: 360, height: 740 } });
      await phone.locator('.opblock, article').first().waitFor();
      assert.equal(await phone.evaluate(isWider), false, path);
      await phone.close();
    }
  });

  it('show topics with who may join and push, durability, and the schemas of their events', async () => {
    await page.goto(`${mesh.origin}/docs/topics`);
    const topic = page.locator('[data-topic="fleet:*"]');
    assert.match(
      await topic.innerText(),
      /Where each ship is\.\s*join\s*public\s*push\s*session\s*presence\s*tracked\s*durable\s*100 events, 1 hour/,
    );
    await topic.locator('summary').click();
    await topic.getByText('"lat"').waitFor();
    const rule = { pattern: 'late', join: 'public', push: 'none' };
    await mesh.addPlugin('late', plugin('late', 'server((req, res) => res.end());', { topics: [rule] }));
    await page.locator('[data-topic=late]').waitFor({ timeout: 30_000 });
    assert.equal(await topic.locator('pre').isVisible(), true);
  });

  it('have run no script of a plugin, violated no policy and asked no other host', async () => {
    assert.equal(await page.evaluate('window.evil'), undefined);
    assert.deepEqual(
      browser.errors.filter((error) => !/status of 401/.test(error)),
      [],
    );
    assert.deepEqual(browser.foreignRequests(mesh.origin), []);
  });
});
