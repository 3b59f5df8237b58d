import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { eventually } from '@plugmesh/shared/testing';
import { plugin } from '../mesh/support/plugins.ts';
import { TestMesh } from '../mesh/support/test-mesh.ts';
import { openBrowser, type Browser } from './browser.ts';

const ACCOUNTS = join(import.meta.dirname, '../../services/accounts');
const PASSWORD = 'a horse, a battery and a staple';
const OTHER = 'quite another phrase than that';

describe('the pages of accounts', function () {
  this.timeout(90_000);
  let mesh: TestMesh;
  let browser: Browser;
  let page: Page;
  let url: string;

  before(async () => {
    mesh = await TestMesh.create({
      toml: `[plugins.accounts]\nfolder = "${ACCOUNTS}"\n`,
      plugins: {
        private: plugin('private', "server((req, res) => res.end('in'));", { http: { guard: 'session' } }),
      },
    });
    await mesh.up();
    await Promise.all([mesh.untilState('accounts', 'ready'), mesh.untilState('private', 'ready')]);
    url = `${mesh.origin}/api/accounts/`;
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    await mesh.remove();
  });

  const logIn = async (password: string): Promise<void> => {
    await page.locator('#name').fill('admin');
    await page.locator('#password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  it('let the first administrator choose a password by the link, which leaves the address at once', async () => {
    const link = await eventually(() => /http\S+\/link#\S+/.exec(mesh.output)?.[0]);
    page = await browser.open(link);
    page.setDefaultTimeout(10_000);
    await page.getByRole('heading', { name: 'Choose a password' }).waitFor();
    await page.waitForURL(`${url}link`);
    await page.locator('#password').fill(PASSWORD);
    await page.locator('#again').fill(OTHER);
    await page.getByRole('button').click();
    await page.getByText('The two are not the same').waitFor();
    await page.locator('#again').fill(PASSWORD);
    await page.getByRole('button').click();
    await page.waitForURL(url);
    await page.getByText('admin', { exact: true }).first().waitFor();
  });

  it('have the look of the mesh, light and dark', async () => {
    const look = (): Promise<string[]> =>
      page.evaluate(`[getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('button')).backgroundColor]`);
    await page.emulateMedia({ colorScheme: 'light' });
    assert.deepEqual(await look(), ['rgb(245, 245, 240)', 'rgb(10, 107, 98)']);
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await look(), ['rgb(16, 23, 26)', 'rgb(82, 199, 182)']);
    await page.emulateMedia({ colorScheme: null });
    await page.setViewportSize({ width: 360, height: 740 });
    const isWider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    assert.equal(await page.evaluate(isWider), false);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('make a key, show it once, and revoke it', async () => {
    await page.getByText('You have none').waitFor();
    await page.getByLabel('What for').fill('<b>deploy</b>');
    await page.getByLabel('users').check();
    await page.getByRole('button', { name: 'Make a key' }).click();
    const key = await page.locator('#fresh-key').filter({ hasText: /^pmk_/ }).innerText();
    const byKey = (): Promise<number> =>
      fetch(`${mesh.origin}/api/private/`, { headers: { 'x-api-key': key } }).then(({ status }) => status);
    assert.equal(await byKey(), 200);
    const row = page.locator('[data-key]');
    assert.match(await row.innerText(), /<b>deploy<\/b>\s*pmk_\w{10}_… until .*key, session\s*everywhere/s);
    await page.reload();
    await row.waitFor();
    assert.ok(!(await page.content()).includes(key));
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('You have none').waitFor();
    await eventually(async () => (await byKey()) === 401, { timeoutMs: 1000 });
  });

  it('say what went wrong with a key or a logout, and stay', async () => {
    const refusing = /\/v1\/(logout|keys\/\w+)$/;
    const detail = 'sessions and keys cannot be changed while Redis is away';
    await page.getByLabel('What for').fill('stubborn');
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.locator('[data-key]').waitFor();
    await page.route(refusing, (route) => route.fulfill({ status: 503, json: { detail } }));
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.locator('#key-problem').getByText('Sessions and keys cannot be changed').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.locator('#logout-problem').getByText('Sessions and keys cannot be changed').waitFor();
    assert.equal(page.url(), url);
    await page.unroute(refusing);
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('You have none').waitFor();
  });

  it('change the password, and log out', async () => {
    await page.getByLabel('Present password', { exact: true }).fill(OTHER);
    await page.getByLabel('New password', { exact: true }).fill(OTHER);
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByText('The name or the password is wrong').waitFor();
    await page.getByLabel('Present password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByText('Changed. Every other session has ended.').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(`${url}login`);
    await page.getByRole('link', { name: 'plugmesh' }).click();
    await page.getByRole('link', { name: 'Account' }).click();
    await page.waitForURL(`${url}login`);
  });

  it('log in, and lead to where the visitor wanted to go, but not elsewhere', async () => {
    await page.goto(`${url}login?next=/api/private/`);
    await logIn(PASSWORD);
    await page.getByText('The name or the password is wrong').waitFor();
    await logIn(OTHER);
    await page.waitForURL(`${mesh.origin}/api/private/`);
    assert.equal(await page.innerText('body'), 'in');
    for (const next of ['//elsewhere.example/', 'https://elsewhere.example/', 'javascript:alert(1)']) {
      await page.goto(`${url}login?next=${encodeURIComponent(next)}`);
      await logIn(OTHER);
      await page.waitForURL(url);
    }
  });

  it('talk to nobody else, and violate no policy', () => {
    assert.deepEqual(browser.foreignRequests(mesh.origin), []);
    const expected = /status of 40[013]/;
    assert.deepEqual(
      browser.errors.filter((error) => !expected.test(error)),
      [],
    );
  });
});
