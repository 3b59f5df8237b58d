import assert from 'node:assert/strict';
import { loadSecrets, operatorToken, pluginToken } from '@plugmesh/shared/identity';
import { loadConfig } from '@plugmesh/shared/config';
import { parseManifest } from '@plugmesh/shared/manifest';
import { buildMeshDocument, type MeshDocument } from '@plugmesh/shared/mesh-document';
import { RedisServer } from '@plugmesh/shared/testing';
import supertest from 'supertest';
import { AccessDesk } from '../support/access-desk.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

/** The document as mesh would write it. */
function documentOf(manifests: readonly object[], ports: Record<string, number[]>): MeshDocument {
  const found = manifests.map((each) => {
    const { name } = each as { name: string };
    return { id: name, file: name, manifest: parseManifest(JSON.stringify(each), name) };
  });
  const config = loadConfig({ cwd: import.meta.dirname, env: {} });
  const { document, problems } = buildMeshDocument({
    ...{ config, found, ports, registrations: [], states: {}, overrides: {}, version: 2 },
  });
  assert.deepEqual(problems, []);
  return document;
}

describe('plugins with endpoint types', () => {
  const upstream = new RecordingUpstream();
  let redis: RedisServer;
  let desk: AccessDesk;
  let gateway: TestGateway;

  before(async () => {
    redis = await RedisServer.start();
    desk = new AccessDesk(redis.url);
    await Promise.all([upstream.listen(0), desk.open()]);
    gateway = await TestGateway.start({ redisUrl: redis.url });
    const connect = [{ kind: 'none' }];
    gateway.documents.change(
      documentOf(
        [
          {
            name: 'gauge',
            run: ['node'],
            http: {
              guard: 'public',
              aliases: ['/g'],
              routes: [{ path: '/*/info', guard: 'public', plugins: ['*'] }],
            },
            endpoints: [{ type: 'gauge', connect, hooks: ['info', 'sign'] }],
          },
          { name: 'forge', http: { guard: 'public' }, endpoints: [{ type: 'forge', connect }] },
          { name: 'closed-forge', endpoints: [{ type: 'closed', connect }] },
        ],
        { gauge: [Number(new URL(upstream.url).port)] },
      ),
    );
  });
  after(async () => {
    await gateway.stop();
    await desk.close();
    await Promise.all([upstream.stop(), redis.stop()]);
  });

  const post = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await supertest(gateway.url).post(path).set(headers).send({})).status;
  const plugin = (id: string): Record<string, string> => ({
    authorization: `Bearer ${pluginToken(loadSecrets(gateway.config), id)}`,
  });

  it('answer the callouts of the plugin endpoints', async () => {
    assert.equal(await post('/api/gauge/endpoint/info', plugin('endpoints')), 200);
    assert.equal(upstream.last.path, '/endpoint/info');
  });

  for (const path of [
    '/api/gauge/endpoint/info',
    '/api/gauge/Endpoint/info',
    '/api/gauge/%65ndpoint/info',
    '/api/gauge/endpoint/info/',
    '/api/gauge/endpoint',
    '/g/endpoint/sign',
  ])
    it(`let nobody else through to '${path}', though the plugin is public and lets every plugin in`, async () => {
      const asked = upstream.requests.length;
      const { cookie } = await desk.login({ roles: ['admin'] });
      const { key } = await desk.key({ roles: ['admin'], guards: ['key', 'session', 'admin'] });
      const page = { cookie, 'sec-fetch-site': 'same-origin' };
      for (const headers of [page, { 'x-api-key': key }, plugin('other'), plugin('gauge')])
        assert.equal(await post(path, headers), 403);
      const operator = { authorization: `Bearer ${operatorToken(loadSecrets(gateway.config))}` };
      for (const headers of [{}, operator]) assert.equal(await post(path, headers), 401);
      assert.equal(upstream.requests.length, asked);
    });

  it('serve what is beside the callouts as their manifest says', async () => {
    assert.equal(await post('/api/gauge/other/info'), 200);
    assert.equal(await post('/api/gauge/endpoints'), 200);
  });

  it('serve nothing without code, and say so to whoever may know', async () => {
    const { body, headers } = await supertest(gateway.url).get('/api/forge/x').expect(404);
    const { code, detail } = body as { code: string; detail: string };
    assert.deepEqual(
      [code, detail],
      ['MESH_NOT_FOUND', "'forge' describes endpoint types and serves nothing"],
    );
    assert.equal(headers['retry-after'], undefined);
    await supertest(gateway.url).get('/api/closed-forge/x').expect(401);
  });
});
