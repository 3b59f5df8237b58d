import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { loadSecrets, operatorToken } from '@plugmesh/shared/identity';
import { eventually } from '@plugmesh/shared/testing';
import { PlainSystem } from '../../services/endpoints/test/support/plain-system.ts';
import { PrometheusServer } from '../mesh/support/prometheus-server.ts';
import { TestMesh } from '../mesh/support/test-mesh.ts';
import { openBrowser, type Browser } from './browser.ts';

const SERVICES = join(import.meta.dirname, '../../services');
const TOML = ['accounts', 'endpoints', 'metrics']
  .map((id) => `[plugins.${id}]\nfolder = "${join(SERVICES, id)}"\n`)
  .join('')
  .concat('[plugins.endpoints.config]\nallowed_networks = ["loopback"]\nuser_endpoints = true\n');

const FORGE = {
  type: 'forge',
  title: 'Forge',
  description: 'Where code is kept.',
  subTypes: [{ type: 'ce', title: 'Community' }, { type: 'ee' }],
  connect: [{ kind: 'basic' }, { kind: 'bearer', title: 'A token of yours' }],
  infoPath: '/api/version',
  userPath: '/api/user',
  userName: 'login',
};
const SITE = { type: 'site', title: 'Site', connect: [{ kind: 'none' }] };
/** What a page is told that somebody looks at again. */
const LOOKED_AT = "document.dispatchEvent(new Event('visibilitychange'))";
const PASSWORD = 'a horse, a battery and a staple';
const BASIC = `Basic ${Buffer.from('ada:right').toString('base64')}`;

describe('the page of endpoints', function () {
  this.timeout(90_000);
  let mesh: TestMesh;
  let forge: PlainSystem;
  let prometheus: PrometheusServer;
  let browser: Browser;
  let others: Browser;
  let page: Page;
  let url: string;
  let key: string;

  before(async () => {
    mesh = await TestMesh.create({
      toml: TOML,
      plugins: {
        forge: { 'plugin.json': { name: 'forge', endpoints: [FORGE] } },
        site: { 'plugin.json': { name: 'site', endpoints: [SITE] } },
      },
    });
    await mesh.up();
    for (const id of ['accounts', 'endpoints', 'metrics', 'forge', 'site'])
      await mesh.untilState(id, 'ready');
    const jobs = ['one', 'two'].map((name) => ({
      job_name: name,
      authorization: { credentials: operatorToken(loadSecrets(mesh.config)) },
      static_configs: [{ targets: [mesh.origin.replace('http://', '')] }],
    }));
    [forge, prometheus, browser, others] = await Promise.all([
      PlainSystem.start(),
      PrometheusServer.start({ jobs }),
      openBrowser(),
      openBrowser(),
    ]);
    forge.accepts = (authorization) => authorization === BASIC;
    url = `${mesh.origin}/api/endpoints/`;
    for (const [name, ...role] of [['root', '--role', 'admin'], ['ann']] as const) {
      const { stdout } = await mesh.run(['user', 'create', name, ...role]);
      await choosePassword(/http\S+\/link#(\S+)/.exec(stdout)?.[1] ?? '');
    }
    const made = await mesh.run(['key', 'create', 'root', '--guard', 'session', '--guard', 'admin']);
    key = made.stdout.trim();
  });
  after(async () => {
    forge.stop();
    await Promise.all([browser.close(), others.close(), prometheus.stop()]);
    await mesh.remove();
  });

  const choosePassword = async (link: string): Promise<void> => {
    const answer = await fetch(`${mesh.origin}/api/accounts/v1/link`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ link, password: PASSWORD }),
    });
    assert.equal(answer.status, 200, await answer.text());
  };
  const ask = async (path: string, body: object): Promise<{ readonly guid: string }> => {
    const response = await fetch(`${url}v1/${path}`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 201, await response.clone().text());
    return (await response.json()) as { readonly guid: string };
  };
  const openAs = async (whose: Browser, name: string): Promise<Page> => {
    const opened = await whose.open(url);
    opened.setDefaultTimeout(10_000);
    await opened.getByRole('link', { name: 'Log in' }).click();
    await opened.locator('#name').fill(name);
    await opened.locator('#password').fill(PASSWORD);
    await opened.getByRole('button', { name: 'Log in' }).click();
    await opened.waitForURL(url);
    return opened;
  };
  const row = (name: string, where = page): Locator =>
    where.locator('[data-guid]').filter({ has: where.getByRole('heading', { name, exact: true }) });
  const act = (name: string, button: string, where = page): Promise<void> =>
    where.getByRole('button', { name: `${button} ${name}`, exact: true }).click();
  const dialog = (): Locator => page.locator('dialog[open]');
  const isClosed = (): Promise<void> => dialog().waitFor({ state: 'detached' });

  it('is linked from the main page, sends strangers to the login, and gets them back', async () => {
    const main = await browser.open(mesh.origin);
    await main.getByRole('link', { name: 'Endpoints', exact: true }).first().click();
    await main.waitForURL(url);
    await main.getByRole('link', { name: 'Log in' }).waitFor();
    await main.close();
    page = await openAs(browser, 'root');
    await page.getByText('None yet: register one.').waitFor();
    await page.locator('#connection[data-state=live]').waitFor();
  });

  it('registers what is of its type, and loses nothing that was typed when it is not', async () => {
    await page.getByRole('button', { name: 'Register…' }).click();
    await page.locator('#type').selectOption({ label: 'Forge' });
    await page.getByText('Where code is kept.').waitFor();
    await page.locator('#subtype').selectOption({ label: 'Community' });
    await page.locator('#name').fill('<b>forge</b>');
    await page.locator('#url').fill(forge.url);
    await page.getByText('Certificate', { exact: true }).click();
    await page.getByLabel('Trust whatever').check();
    forge.infoStatus = 500;
    await page.keyboard.press('Enter');
    await dialog().getByRole('button', { name: 'Register' }).click();
    await page.locator('#registering-problem').filter({ hasText: /500/ }).waitFor();
    assert.equal(await page.locator('#name').inputValue(), '<b>forge</b>');
    assert.equal(await page.locator('#subtype').inputValue(), 'ce');
    forge.infoStatus = 200;
    await dialog().getByRole('button', { name: 'Register' }).click();
    await isClosed();
    const shown = await row('<b>forge</b>').innerText();
    assert.match(shown, /Forge · Community\s+http:\/\/127\.0\.0\.1:\d+\s+Not connected/);
    assert.match(shown, /its certificate is not looked at/);
  });

  it('connects in one of the ways of the type, hides secrets, and forgets them', async () => {
    await act('<b>forge</b>', 'Connect…');
    await page.locator('#kind').selectOption({ label: 'A token of yours' });
    assert.equal(await page.getByRole('textbox', { name: 'Token' }).getAttribute('type'), 'password');
    await page.locator('#kind').selectOption({ index: 0 });
    const secret = page.getByRole('textbox', { name: 'Password' });
    assert.deepEqual(
      [await secret.getAttribute('type'), await secret.getAttribute('autocomplete')],
      ['password', 'off'],
    );
    await page.getByRole('textbox', { name: 'User name' }).fill('ada');
    await secret.fill('wrong');
    await secret.press('Enter');
    await page
      .locator('#connecting-problem')
      .filter({ hasText: /401|credentials/i })
      .waitFor();
    assert.equal(await secret.inputValue(), 'wrong');
    await secret.fill('right');
    await secret.press('Enter');
    await isClosed();
    await row('<b>forge</b>').getByText('Connected as ada-there').waitFor();
    assert.equal(await page.locator('#fields input').count(), 0);
  });

  it('waits no longer than somebody wants to', async () => {
    const connecting = /\/connection$/;
    await page.route(connecting, () => undefined);
    await act('<b>forge</b>', 'Connect…');
    await page.getByRole('textbox', { name: 'User name' }).fill('ada');
    await page.getByRole('textbox', { name: 'Password' }).fill('other');
    await Promise.all([page.waitForRequest(connecting), page.keyboard.press('Enter')]);
    await page.keyboard.press('Escape');
    await isClosed();
    await page.unroute(connecting);
    await act('<b>forge</b>', 'Connect…');
    const state = [
      await page.getByRole('textbox', { name: 'Password' }).inputValue(),
      await page.locator('#connecting-problem').innerText(),
      await dialog().getByRole('button', { name: 'Connect' }).isEnabled(),
    ];
    assert.deepEqual(state, ['', '', true]);
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await isClosed();
  });

  it('checks the credentials that are kept, and says what comes of it', async () => {
    await act('<b>forge</b>', 'Check');
    await row('<b>forge</b>').getByText('It still takes these credentials.').waitFor();
    forge.accepts = () => false;
    await act('<b>forge</b>', 'Check');
    await row('<b>forge</b>')
      .locator('.said')
      .filter({ hasText: /401|credentials/i })
      .filter({ hasNotText: 'still' })
      .waitFor();
    forge.accepts = (authorization) => authorization === BASIC;
  });

  it('asks back before it disconnects and unregisters, and leaves the keyboard where it was', async () => {
    await act('<b>forge</b>', 'Disconnect…');
    await page.keyboard.press('Escape');
    await isClosed();
    const focused = (): Promise<unknown> =>
      page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.id");
    assert.equal(await focused(), 'Disconnect… <b>forge</b>');
    await page.keyboard.press('Enter');
    // Opened again before the browser tells that it was closed.
    await page.evaluate(
      "document.querySelector('#confirming [data-close]').click(); document.activeElement.click()",
    );
    await dialog().getByRole('button', { name: 'Disconnect' }).click();
    await isClosed();
    await row('<b>forge</b>').getByText('Not connected').waitFor();
    assert.equal(await focused(), 'Connect… <b>forge</b>');
    await act('<b>forge</b>', 'Unregister…');
    await dialog().getByRole('button', { name: 'Unregister' }).click();
    await isClosed();
    await page.getByText('None yet: register one.').waitFor();
    assert.equal(await focused(), 'title');
  });

  it('follows what others do, and shows each what is theirs', async () => {
    const ann = await openAs(others, 'ann');
    const { guid } = await ask('endpoints', { type: 'forge', subType: 'ee', name: 'work', url: forge.url });
    await Promise.all([row('work').waitFor(), row('work', ann).waitFor()]);
    await act('work', 'Connect…');
    await page.getByRole('textbox', { name: 'User name' }).fill('ada');
    await page.getByRole('textbox', { name: 'Password' }).fill('right');
    await page.getByLabel('For everybody').check();
    await dialog().getByRole('button', { name: 'Connect' }).click();
    await row('work', ann).getByText('Connected for everybody as ada-there').waitFor();
    const buttons = await row('work', ann).getByRole('button').allInnerTexts();
    assert.deepEqual(buttons, ['Connect…', 'Check']);
    await ann.getByRole('button', { name: 'Register…' }).click();
    await ann.locator('#type').selectOption({ label: 'Site' });
    await ann.locator('#name').fill('mine');
    await ann.locator('#url').fill(`${forge.url}/mine`);
    await ann.getByRole('button', { name: 'Register', exact: true }).click();
    await row('mine', ann).getByText('yours').waitFor();
    await row('mine').getByText('registered by ann').waitFor();
    await fetch(`${url}v1/endpoints/${guid}`, { method: 'DELETE', headers: { 'x-api-key': key } });
    await row('work', ann).waitFor({ state: 'detached' });
    await ann.close();
  });

  it('draws metrics of an endpoint, and says what is wrong with a query', async () => {
    await prometheus.untilScraped(2);
    const { guid } = await ask('endpoints', { type: 'metrics', name: 'Prometheus', url: prometheus.url });
    await ask(`endpoints/${guid}/connection`, { kind: 'none', shared: true });
    await ask('endpoints', { type: 'site', name: 'gateway', url: `${mesh.origin}/` });
    await act('gateway', 'Metrics');
    const panel = row('gateway').locator('.metrics');
    const isDrawn = (): Promise<boolean> =>
      eventually(async () =>
        /^M\d+ [\d.]+/.test((await panel.locator('.curve').first().getAttribute('d')) ?? ''),
      );
    await isDrawn();
    assert.equal(await panel.locator('output').innerText(), '1');
    const sources = await panel.locator('select').nth(1).locator('option').allInnerTexts();
    assert.deepEqual(
      sources.map((name) => name.replace(/:\d+/, '')),
      ['Prometheus · one · 127.0.0.1', 'Prometheus · two · 127.0.0.1'],
    );
    await panel.locator('select').nth(1).selectOption({ index: 1 });
    await panel.locator('.curve title').filter({ hasText: 'job="two"' }).waitFor({ state: 'attached' });
    await panel.getByRole('textbox', { name: 'PromQL' }).fill('up{');
    await panel.getByRole('button', { name: 'Draw' }).click();
    await panel
      .locator('.problem')
      .filter({ hasText: /cannot be read/ })
      .waitFor();
    await panel.getByRole('textbox', { name: 'PromQL' }).fill('rate(up)');
    await panel.getByRole('button', { name: 'Draw' }).click();
    await panel
      .locator('.problem')
      .filter({ hasText: /expected type range vector/ })
      .waitFor();
    await panel.locator('select').first().selectOption({ label: 'Memory, bytes' });
    await panel.getByText('Nothing was measured that this asks for.').waitFor();
    assert.equal(await panel.locator('.problem').innerText(), '');
    await panel.getByRole('textbox', { name: 'PromQL' }).fill('plugmesh_gateway_instances');
    await panel.getByRole('textbox', { name: 'PromQL' }).press('Enter');
    await panel.getByText(/^\d+ curves/).waitFor();
    assert.ok((await panel.locator('.curve').count()) > 1);
  });

  it('has the look of the mesh, light, dark and narrow', async () => {
    const look = (): Promise<string[]> =>
      page.evaluate(`[getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('.curve')).stroke]`);
    await page.emulateMedia({ colorScheme: 'light' });
    assert.deepEqual(await look(), ['rgb(245, 245, 240)', 'rgb(10, 107, 98)']);
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await look(), ['rgb(16, 23, 26)', 'rgb(82, 199, 182)']);
    await page.setViewportSize({ width: 360, height: 740 });
    const isWider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    assert.equal(await page.evaluate(isWider), false);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('shows as text whatever it is told, and leaves out what makes no sense', async () => {
    const list = /\/v1\/endpoints$/;
    const markup = '<img src=x>';
    const connection = {
      kind: markup,
      shared: false,
      user: markup,
      admin: true,
      expiresAt: Date.now() + 60_000,
    };
    const metadata = { metrics: { sources: [null, markup, { prometheus: 1, labels: {} }] } };
    const odd = { url: markup, subType: markup, owner: markup, connection, metadata };
    await page.route(list, async (route) => {
      const response = await route.fetch();
      const answer = await response.json();
      const endpoints = answer.endpoints.map((each: object) => ({ ...each, ...odd }));
      await route.fulfill({
        response,
        json: { ...answer, endpoints, notes: [{ plugin: markup, reason: markup }] },
      });
    });
    await page.evaluate(LOOKED_AT);
    await row('gateway').getByText(`Connected as ${markup}, administrator there`).waitFor();
    assert.match(
      await row('gateway').innerText(),
      /Site · <img src=x>\s+<img src=x>[^]*registered by <img src=x>/,
    );
    assert.equal(await page.locator('#skipped').innerText(), `What '${markup}' adds is missing: ${markup}.`);
    assert.equal(await page.locator('img').count(), 0);
    assert.ok(!(await row('gateway').getByRole('button').allInnerTexts()).includes('Metrics'));
    connection.expiresAt = Date.now() - 1;
    await page.evaluate(LOOKED_AT);
    await row('gateway').getByText('The connection has ended: connect again').waitFor();
    await page.unroute(list);
    await page.evaluate(LOOKED_AT);
    await row('gateway').getByText('Not connected').waitFor();
  });

  it('says what is missing while the plugin of a type is not there', async () => {
    await mesh.command('disable', 'metrics');
    await eventually(async () => {
      await page.evaluate(LOOKED_AT);
      return /^What 'metrics' adds is missing: /.test(await page.locator('#skipped').innerText());
    });
    await row('Prometheus').getByText("Type unavailable: its plugin 'metrics' is disabled").waitFor();
    assert.deepEqual(await row('Prometheus').getByRole('button').allInnerTexts(), [
      'Disconnect…',
      'Unregister…',
    ]);
    assert.deepEqual(await row('gateway').getByRole('button').allInnerTexts(), ['Connect…', 'Unregister…']);
  });

  it('is that of whoever has logged in meanwhile', async () => {
    const loaded = page.waitForEvent('load');
    const data = { name: 'ann', password: PASSWORD };
    await page.request.post(`${mesh.origin}/api/accounts/v1/login`, {
      data,
      headers: { origin: mesh.origin },
    });
    // It may have looked by itself, and be on its way.
    await Promise.all([loaded, page.evaluate(LOOKED_AT).catch(() => undefined)]);
    await page.getByRole('link', { name: 'ann' }).waitFor();
    await row('mine').getByText('yours').waitFor();
  });

  it('sends whose session has ended to the login, and keeps nothing of theirs', async () => {
    await page.evaluate("fetch('/api/accounts/v1/logout', { method: 'POST' })");
    await page.evaluate(LOOKED_AT);
    await page.getByRole('link', { name: 'Log in' }).waitFor();
    assert.equal(await page.locator('[data-guid]').count(), 0);
    assert.equal(await page.getByRole('link', { name: 'ann' }).count(), 0);
  });

  it('talks to nobody else, and violates no policy', () => {
    const expected = /status of (40[0134]|409|422)/;
    for (const each of [browser, others]) {
      assert.deepEqual(each.foreignRequests(mesh.origin), []);
      assert.deepEqual(
        each.errors.filter((error) => !expected.test(error)),
        [],
      );
    }
  });
});
