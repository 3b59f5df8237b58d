import assert from 'node:assert/strict';
import { eventually, freePort, type RunningProcess } from '@plugmesh/shared/testing';
import type { JWTPayload } from 'jose';
import { startPlugin, type Built, type Language } from './languages.ts';
import { MeshKeys } from './mesh-keys.ts';

const ADA = { sub: 'user:ada', name: 'Ada Lovelace', roles: ['pilot', 'ü'] };
/** Nobody listens there: who calls does not depend on Redis. */
const NO_REDIS = 'redis://127.0.0.1:1';
const SOON = { timeoutMs: 10_000 };

/** Declares the tests of how each of them learns who calls and describes its API, seen from outside. */
export function knowsWhoCalls({ id }: Language, plugin: () => Built): void {
  let mesh: MeshKeys;
  let running: RunningProcess;
  let url: string;
  const cleanUps: (() => Promise<unknown>)[] = [];

  before(async () => {
    const { manifest } = plugin();
    assert.equal(manifest.http.openapi, '/openapi.json');
    mesh = await MeshKeys.start();
    cleanUps.push(() => mesh.stop());
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    running = await startPlugin(plugin(), { port, redisUrl: NO_REDIS, meshUrl: mesh.url });
    cleanUps.push(() => running.stop());
  });
  // There is nothing to clean up where the plugin was skipped.
  after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  });

  const now = (): number => Math.floor(Date.now() / 1000);
  const claims = (more: Readonly<Record<string, unknown>> = {}): JWTPayload => ({
    ...{ iss: 'plugmesh', aud: id, iat: now(), exp: now() + 60, ...ADA },
    ...more,
  });
  const ask = async (token?: string): Promise<[status: number, body: unknown]> => {
    const headers = token === undefined ? {} : { 'x-plugmesh-identity': token };
    const response = await fetch(`${url}/whoami`, { headers });
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    return [response.status, await response.json()];
  };

  it('describes its API, all of it, and nothing that is not there', async () => {
    const response = await fetch(`${url}/openapi.json`);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    const document = (await response.json()) as OpenApi;
    const { title, version } = plugin().manifest;
    assert.match(document.openapi, /^3\.1\./);
    assert.deepEqual([document.info.title, document.info.version], [title, version]);
    assert.deepEqual(Object.keys(document.paths).sort(), ['/', '/healthz', '/whoami']);
    for (const [path, { get }] of Object.entries(document.paths)) {
      assert.equal((await fetch(url + path)).status, 200);
      assert.ok(get?.operationId && get.summary && get.responses['200']?.content['application/json'], path);
    }
  });

  it('knows nobody without a token, and asks for no keys then', async () => {
    assert.deepEqual(await ask(), [200, { sub: null }]);
    assert.equal(mesh.fetched, 0);
  });

  it('says that the keys cannot be fetched, and fetches them when they can', async () => {
    mesh.isAway = true;
    assert.equal((await ask(await mesh.sign(claims())))[0], 503);
    mesh.isAway = false;
    assert.deepEqual(await ask(await mesh.sign(claims())), [200, ADA]);
  });

  it('knows who calls, by keys that it has fetched once', async () => {
    const before = mesh.fetched;
    for (const aud of [id, ['other', id]])
      assert.deepEqual(await ask(await mesh.sign(claims({ aud }))), [200, ADA]);
    const plain = claims({ sub: 'plugin:ships', name: undefined, roles: undefined });
    assert.deepEqual(await ask(await mesh.sign(plain)), [
      200,
      { sub: 'plugin:ships', name: null, roles: null },
    ]);
    assert.equal(mesh.fetched, before);
  });

  for (const [what, more] of [
    ['another plugin', { aud: 'ships' }],
    ['nobody', { aud: undefined }],
    ['this plugin by another mesh', { iss: 'somebody' }],
    ['this plugin by nobody', { iss: undefined }],
    ['this plugin until a second ago', { exp: now() - 1 }],
    ['this plugin for ever', { exp: undefined }],
  ] as const) {
    it(`does not count a token that was made for ${what}`, async () => {
      assert.equal((await ask(await mesh.sign(claims(more))))[0], 401);
    });
  }

  it('does not count what is forged or no token', async () => {
    const [head = '', body = '', signature = ''] = (await mesh.sign(claims())).split('.');
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const root = encode(claims({ sub: 'user:root' }));
    const forged = [
      `${head}.${root}.${signature}`,
      `${encode({ alg: 'none' })}.${root}.`,
      `${head}.${body}.`,
      await mesh.sign(claims(), { alg: 'HS256' }),
      `${encode({ alg: 'EdDSA' })}.${body}.${signature}`,
      'nonsense',
      'a.b.c',
      '...',
      '',
    ];
    for (const token of forged) assert.equal((await ask(token))[0], 401, token);
  });

  it('fetches the keys again for a token that names another one', async () => {
    await mesh.rotate();
    const token = await mesh.sign(claims());
    assert.deepEqual(
      await eventually(async () => ((await ask(token))[0] === 200 ? ask(token) : false), SOON),
      [200, ADA],
    );
  });

  it('does not let made-up keys send it to the mesh each time', async () => {
    const before = mesh.fetched;
    for (let at = 0; at < 20; at++)
      assert.equal((await ask(await mesh.sign(claims(), { kid: `made-up-${at}` })))[0], 401);
    assert.ok(mesh.fetched - before <= 2, `${mesh.fetched - before} times`);
  });

  it('goes on with the keys that it has while the mesh is away', async () => {
    mesh.isAway = true;
    assert.deepEqual(await ask(await mesh.sign(claims())), [200, ADA]);
    mesh.isAway = false;
    assert.equal(running.exit, undefined);
  });
}

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly get?: {
          readonly operationId?: string;
          readonly summary?: string;
          readonly responses: Readonly<
            Record<string, { readonly content: Readonly<Record<string, unknown>> }>
          >;
        };
      }
    >
  >;
}
