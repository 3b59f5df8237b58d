import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifest } from '@plugmesh/shared/manifest';
import { findProgram } from '@plugmesh/shared/processes';
import { eventually } from '@plugmesh/shared/testing';
import { buildInBackground } from './support/background-build.ts';
import { codeBlock, codeBlocks } from './support/code-blocks.ts';
import { describeWith } from './support/describe-with.ts';
import { Guide } from './support/guide.ts';
import { testCache } from './support/test-cache.ts';
import { TestMesh } from './support/test-mesh.ts';

const SERVICES = join(import.meta.dirname, '../../services');
const SOON = { timeoutMs: 30_000 };
const BUILD_TIMEOUT_MS = 10 * 60_000;

const PATH = process.env['PATH'] ?? '';
const missingOf = (program: string): string | undefined =>
  findProgram(program, PATH, '/') === undefined ? `install ${program}` : undefined;

/** The examples where they are, as the shipped plugmesh.toml has them. */
const EXAMPLES = `[plugins.tenant]
folder = "${SERVICES}/tenant"
enabled = false
[plugins.https-first]
folder = "${SERVICES}/https-first"
enabled = false
`;
/** Requests that say so came by https. */
const TRUSTED = { PLUGMESH__GATEWAY__TRUSTED_PROXIES: '127.0.0.1/32' };

describeWith('the guide to middleware', missingOf('python3'), function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let guide: Guide;

  before(async () => {
    mesh = await TestMesh.create({ toml: EXAMPLES, env: TRUSTED });
    guide = new Guide('docs/guides/middleware.md', { mesh });
    await guide.write('services/mirror/main.mjs');
    await guide.write('services/mirror/plugin.json');
    await mesh.up();
    await mesh.untilState('mirror', 'ready');
  });
  after(() => mesh.remove());

  const same = (text: string, block: string): true => {
    assert.deepEqual(JSON.parse(text), JSON.parse(guide.text(block)));
    return true;
  };

  it('has Python say the tenant, and no client', async () => {
    same(await guide.run('ask as acme'), 'nobody');
    await guide.run('enable');
    await mesh.untilState('tenant', 'ready');
    await eventually(async () => same(await guide.run('ask as acme'), 'acme'), SOON);
    same(await guide.run('forge'), 'nobody');
  });

  it('has TypeScript send clients to https, and give them a cookie there', async () => {
    assert.ok((await guide.run('chain')).includes('middleware, public: '));
    await mesh.untilState('https-first', 'ready');
    await eventually(async () => (await guide.run('chain')).includes(guide.text('chain shown').trim()), SOON);
    const ask = (method: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${mesh.origin}/api/mirror/?a=1`, { method, headers, redirect: 'manual' });
    for (const [method, status] of [
      ['GET', 301],
      ['POST', 308],
    ] as const) {
      const sent = await eventually(async () => {
        const response = await ask(method);
        return response.status === status && response;
      }, SOON);
      assert.equal(sent.headers.get('location'), 'https://127.0.0.1/api/mirror/?a=1');
    }
    const secure = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'acme.localhost' };
    const passed = await ask('GET', secure);
    assert.deepEqual(await passed.json(), { tenant: 'acme' });
    const [cookie = ''] = passed.headers.getSetCookie();
    assert.match(cookie, /^JSESSIONID=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const again = await ask('GET', { ...secure, Cookie: cookie.split(';')[0] ?? '' });
    assert.deepEqual(again.headers.getSetCookie(), []);
  });

  it('says how long it took', async () => {
    assert.ok((await guide.run('timing')).toLowerCase().includes(guide.text('timing shown').trim()));
  });

  it('closes what it guards when it is killed, until it is back', async () => {
    const [instance] = (await mesh.untilState('tenant', 'ready')).instances;
    const secure = { headers: { 'X-Forwarded-Proto': 'https' } };
    const status = async (): Promise<number> => (await fetch(`${mesh.origin}/api/mirror/`, secure)).status;
    assert.equal(await status(), 200);
    process.kill(instance?.pid ?? 0, 'SIGSTOP');
    assert.equal(await status(), 503);
    process.kill(instance?.pid ?? 0, 'SIGKILL');
    await eventually(async () => (await status()) === 200, { timeoutMs: 20_000 });
  });

  it('shows the code of the examples as it is', () => guide.assertExcerpts());

  it('has no code block that nothing checks', () => guide.assertFollowed());
});

describeWith('the guide to an existing login', missingOf('go'), function () {
  this.timeout(60_000);
  /** Where Go puts what it builds, from now on: it takes minutes the first time. */
  const bin = testCache('bin');
  const page = 'docs/guides/existing-login.md';
  const command = codeBlock(codeBlocks(readFileSync(join(SERVICES, '..', page), 'utf8')), 'get Caddy').text;
  const building =
    findProgram('caddy', bin, '/') === undefined ? buildInBackground(command, { GOBIN: bin }) : undefined;
  let mesh: TestMesh;
  let guide: Guide;

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS);
    mesh = await TestMesh.create({ env: { PATH: `${bin}:${PATH}` } });
    guide = new Guide(page, { mesh });
    guide.text('get Caddy');
    await building;
    await mesh.addPlugin('mirror', {
      'main.mjs': `import { createServer } from 'node:http';
        createServer((request, response) => {
          const { 'remote-user': user, authorization } = request.headers;
          response.end(JSON.stringify({ 'remote-user': user, authorization }));
        }).listen(Number(process.env.PORT), process.env.HOST);`,
      'plugin.json': { name: 'mirror', run: ['node', 'main.mjs'], http: { guard: 'public' } },
    });
    await guide.write('services/sign-in/Caddyfile');
    await guide.write('services/sign-in/plugin.json');
    await mesh.up();
    await mesh.untilState('mirror', 'ready');
    await mesh.untilState('sign-in', 'ready');
  });
  after(() => mesh.remove());

  /*
   * Caddy, unmodified: of the programs that log people in by forward-auth it is the one that needs no identity provider
   * and comes from Go's module registry in one command. What it asks for is what oauth2-proxy and Authelia ask for:
   * X-Forwarded-*, a non-2xx answer passed on as it is, and a header that says who it is.
   */
  it('lets nobody pass without a password, by the words of the login itself', async () => {
    assert.equal(await eventually(() => guide.run('as nobody'), SOON), guide.text('refused').trim());
    const { headers } = await fetch(`${mesh.origin}/api/mirror/`);
    assert.match(headers.get('www-authenticate') ?? '', /^Basic/);
  });

  it('says who it is to plugins, and neither what clients make up nor their passwords', async () => {
    const seen: unknown = JSON.parse(await guide.run('as ann'));
    assert.deepEqual(seen, JSON.parse(guide.text('as it arrives')));
  });

  it('guards channel’s sockets and leaves the operator in', async () => {
    const status = async (path: string, headers = {}): Promise<number> =>
      (await fetch(mesh.origin + path, { headers })).status;
    assert.equal(await status('/socket/longpoll?vsn=2.0.0'), 401);
    const authorization = `Basic ${Buffer.from('ann:open sesame').toString('base64')}`;
    assert.notEqual(await status('/socket/longpoll?vsn=2.0.0', { authorization }), 401);
    assert.equal(await status('/mesh/plugins'), 200);
    assert.equal(await status('/api/mirror/', { authorization: 'Basic YW5uOndyb25n' }), 401);
  });

  it('shows a manifest for oauth2-proxy that is right', () => {
    parseManifest(guide.text('oauth2-proxy'), 'plugin.json', { id: 'sign-in' });
  });

  it('has no code block that nothing checks', () => guide.assertFollowed());
});
