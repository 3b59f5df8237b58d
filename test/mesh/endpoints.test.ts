import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@plugmesh/shared/testing';
import { askPlugin, createKey, endpointsToml, type Answer } from './support/endpoints-mesh.ts';
import { plugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

/** Answers callouts, and says by the gateway's token who has asked. */
const CODER = `server(async (req, res) => {
  const [, payload] = (req.headers['x-plugmesh-identity'] ?? '..').split('.');
  const { sub, for: user } = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}');
  const { reach } = JSON.parse(Buffer.concat(await Array.fromAsync(req)).toString() || '{}');
  const { PLUGMESH_URL: mesh, PLUGMESH_TOKEN: token } = process.env;
  const headers = { authorization: 'Bearer ' + token };
  const asked = reach && (await fetch(mesh + '/api/endpoints' + reach + '/below', { headers }));
  const answers = {
    '/endpoint/info': { metadata: { asked: sub, actingFor: user?.name, reached: asked && (await asked.json()).version, reach } },
    '/endpoint/connect': { token: { headers: { 'X-Word': 'open' } }, admin: true, user: 'ada-there' },
  };
  res.setHeader('content-type', 'application/json').end(JSON.stringify(answers[req.url] ?? {}));
});`;

describe('endpoints in a mesh', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let system: Server;
  let url: string;
  let root: string;
  let ada: string;

  before(async () => {
    system = createServer(({ headers }, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ version: '1.2', word: headers['x-word'] }));
    }).listen(0, '127.0.0.1');
    await once(system, 'listening');
    url = `http://127.0.0.1:${(system.address() as AddressInfo).port}`;
    mesh = await TestMesh.create({
      toml: endpointsToml(),
      plugins: {
        coder: plugin('coder', CODER, {
          endpoints: [
            {
              type: 'coded',
              connect: [{ kind: 'handshake', fields: [{ name: 'word', secret: true }] }],
              hooks: ['info', 'connect'],
            },
          ],
        }),
        plain: {
          'plugin.json': JSON.stringify({
            name: 'plain',
            endpoints: [{ type: 'plain', connect: [{ kind: 'bearer' }], infoPath: '/', userPath: '/' }],
          }),
        },
      },
    });
    await mesh.up();
    for (const id of ['accounts', 'endpoints', 'coder']) await mesh.untilState(id, 'ready');
    await mesh.run(['user', 'create', 'root', '--role', 'admin']);
    await mesh.run(['user', 'create', 'ada']);
    root = await createKey(mesh, 'root', 'session', 'admin');
    ada = await createKey(mesh, 'ada', 'session');
  });
  after(async () => {
    system.close();
    await mesh.remove();
  });

  const ask = (method: string, path: string, key: string, body?: object): Promise<Answer> =>
    askPlugin(mesh, { method, path: `endpoints/v1${path}`, key, body });

  it('registers and connects by the callouts of a plugin, which is told by the gateway who asks for whom', async () => {
    const body = { type: 'coded', name: 'A system', url };
    const registered = await ask('POST', '/endpoints', root, body);
    assert.equal(registered.status, 201, JSON.stringify(registered.body));
    const { reach, ...said } = registered.body.metadata.coded as { reach: string };
    assert.deepEqual(said, { asked: 'plugin:endpoints', actingFor: 'root', reached: '1.2' });
    // Closed with the callout, and never for anybody but the plugin.
    const call = ['call', 'endpoints', `${reach}/below`, '--as'];
    assert.match((await mesh.run([...call, 'plugin:coder'])).stderr, /^404/);
    assert.match((await mesh.run([...call, 'key', '--key', root])).stderr, /^403/);
    const path = `/endpoints/${registered.body.guid}`;
    const connection = { kind: 'handshake', credentials: { word: 'open' } };
    const connected = await ask('POST', `${path}/connection`, ada, connection);
    assert.deepEqual([connected.status, connected.body.user], [201, 'ada-there']);
    const proxied = await ask('GET', `/proxy/${registered.body.guid}/x`, ada);
    assert.deepEqual(proxied, { status: 200, body: { version: '1.2', word: 'open' } });
    assert.equal(
      (await ask('GET', `/proxy/${registered.body.guid}/x`, root)).body.code,
      'MESH_ENDPOINT_NOT_CONNECTED',
    );
    assert.equal((await ask('DELETE', path, ada)).status, 403);
    assert.equal((await ask('DELETE', path, root)).status, 204);
  });

  it('has a type of a folder with a plugin.json alone', async () => {
    const { body } = await ask('GET', '/types', ada);
    assert.deepEqual(
      body.types.map(({ type, available }: { type: string; available: boolean }) => [type, available]).sort(),
      [
        ['coded', true],
        ['plain', true],
      ],
    );
    const { status, body: endpoint } = await ask('POST', '/endpoints', root, {
      type: 'plain',
      name: 'Plain',
      url,
    });
    assert.deepEqual([status, endpoint.metadata], [201, { plain: { version: '1.2' } }]);
  });

  it('publishes what has happened to the durable topic, and puts credentials under another key by a command', async () => {
    const { body } = await ask('GET', '/endpoints', ada);
    const path = `/endpoints/${body.endpoints[0].guid}/connection`;
    await ask('POST', path, ada, { kind: 'bearer', credentials: { token: 'a-token' } });
    await eventually(async () => {
      const { stdout } = await mesh.run([
        'call',
        '/mesh/channel/history?topic=endpoints',
        '--as',
        'operator',
      ]);
      const { events } = JSON.parse(stdout) as { events: { event: string; payload: { type: string } }[] };
      assert.deepEqual(
        events.map(({ event, payload }) => `${event} ${payload.type}`),
        ['registered coded', 'connected coded', 'unregistered coded', 'registered plain', 'connected plain'],
      );
      return true;
    });
    const { code, stdout } = await mesh.run(['endpoints', 'rotate', '--json']);
    assert.equal(code, 0);
    const { connections, unreadable } = JSON.parse(stdout) as { connections: number; unreadable: number };
    assert.deepEqual([connections, unreadable], [1, 0]);
    assert.equal((await ask('POST', `${path}/validate`, ada)).status, 204);
    assert.match((await mesh.run(['endpoints', 'turn'])).stderr, /MESH_USAGE/);
  });

  it('lets nobody but plugins read events, and nobody but the operator rotate', async () => {
    for (const key of [ada, root]) {
      assert.equal((await ask('GET', '/events', key)).status, 403);
      assert.equal((await ask('POST', '/keys/rotate', key)).status, 403);
    }
  });
});
