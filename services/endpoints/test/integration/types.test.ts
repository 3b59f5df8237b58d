import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { ADA, ADMIN, type Answer } from '../support/endpoints-process.ts';
import { refused } from '../support/refused.ts';
import { CODED, PLAIN } from '../support/types.ts';
import { tryEndpoints } from '../support/tried-endpoints.ts';

const PASSWORD = 'a-password-that-nobody-may-see';
const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('types of endpoints, and the plugins that provide them', function () {
  this.timeout(60_000);
  const tried = tryEndpoints({ callout_seconds: 1, trusted_plugins: ['trusted'] });
  const { send, wish, register, remove, stored } = tried;

  it('registers, connects and validates by the callouts of a type', async () => {
    const { mesh } = tried.endpoints;
    mesh.hooks.set('coder/info', () => [200, { metadata: { edition: 'small' } }]);
    mesh.hooks.set('coder/register', () => [200, { name: 'As its type calls it' }]);
    const token = { headers: { 'X-Word': PASSWORD }, data: { word: PASSWORD } };
    mesh.hooks.set('coder/connect', () => [200, { token, admin: true, user: 'ada-of-coded' }]);
    mesh.hooks.set('coder/validate', () => [204, '']);
    mesh.hooks.set('coder/update-metadata', () => [200, {}]);
    const answer = await send('POST', '', { as: ADMIN, body: wish({ type: 'coded', subType: 'ee' }) });
    const { guid, name, metadata } = answer.body;
    assert.deepEqual(
      [answer.status, name, metadata],
      [201, 'As its type calls it', { coded: { edition: 'small' } }],
    );
    const [info] = mesh.seen('info');
    assert.match(info!.body.reach, /^\/v1\/reach\/[\w-]{32}$/);
    assert.deepEqual(
      { ...info!.body, reach: '' },
      { url: tried.system.url, subType: 'ee', skipTlsValidation: false, caCert: null, reach: '' },
    );
    // Whom the gateway is to act for.
    assert.ok(info!.headers['x-plugmesh-identity']);

    const body = { kind: 'handshake', credentials: { word: 'open' } };
    const connected = await send('POST', `/${guid}/connection`, { as: ADA, body });
    assert.deepEqual([connected.body.admin, connected.body.user], [true, 'ada-of-coded']);
    const [asked] = mesh.seen('connect');
    assert.deepEqual([asked!.body.connectType, asked!.body.credentials], ['handshake', { word: 'open' }]);
    assert.deepEqual(mesh.seen('validate')[0]!.body.token, token);
    assert.deepEqual(mesh.seen('validate')[0]!.body.endpoint.guid, guid);

    mesh.hooks.set('coder/validate', () => [400, { detail: 'the word has changed\n\u001b[31m' }]);
    const refusal = await send('POST', `/${guid}/connection/validate`, { as: ADA });
    refused(refusal, 400, 'MESH_ENDPOINT_CREDENTIALS');
    assert.equal(refusal.body.detail, 'the word has changed [31m');
    await eventually(() => /a callout was refused/.test(tried.endpoints.output), {
      what: 'a line in the log',
    });
    assert.doesNotMatch(tried.endpoints.output, /the word has changed/);
    await remove(guid);
  });

  const bads: readonly [string, readonly [number, unknown], number, string][] = [
    ['refuses in its own words', [422, { detail: 'not one of ours' }], 422, 'MESH_ENDPOINT_INVALID'],
    [
      'refuses with a code of endpoints',
      [502, { detail: 'no TLS', code: 'MESH_ENDPOINT_TLS' }],
      502,
      'MESH_ENDPOINT_TLS',
    ],
    ['answers no JSON', [200, '<html>'], 502, 'MESH_ENDPOINT_CALLOUT_FAILED'],
    ['answers another form', [200, { metadata: 'all of it' }], 502, 'MESH_ENDPOINT_CALLOUT_FAILED'],
    [
      'answers too much',
      [200, { metadata: { a: 'a'.repeat(1024 * 1024) } }],
      502,
      'MESH_ENDPOINT_CALLOUT_FAILED',
    ],
    [
      'does not know the hook',
      [404, { detail: 'no', code: 'MESH_NOT_FOUND' }],
      502,
      'MESH_ENDPOINT_CALLOUT_FAILED',
    ],
    ['fails', [500, 'oh'], 502, 'MESH_ENDPOINT_CALLOUT_FAILED'],
    [
      'has no instance',
      [503, { detail: 'no', code: 'MESH_PLUGIN_UNAVAILABLE' }],
      503,
      'MESH_ENDPOINT_TYPE_UNAVAILABLE',
    ],
  ];
  for (const [what, answer, status, code] of bads) {
    it(`stores nothing when the plugin of a type ${what}`, async () => {
      tried.endpoints.mesh.hooks.set('coder/info', () => answer);
      const body = wish({ type: 'coded', subType: 'ce' });
      refused(await send('POST', '', { as: ADMIN, body }), status, code);
      assert.equal(await stored(), 0);
    });
  }

  it('waits for the plugin of a type no longer than it may take', async () => {
    tried.endpoints.mesh.hooks.set('coder/info', () => new Promise(() => undefined));
    const body = wish({ type: 'coded', subType: 'ce' });
    refused(await send('POST', '', { as: ADMIN, body }), 502, 'MESH_ENDPOINT_CALLOUT_FAILED');
  });

  it('lists the type of a plugin that is not ready as unavailable, and uses it for nothing', async () => {
    await tried.endpoints.provide([
      PLAIN,
      { ...CODED, available: false, reason: 'it is stopped' } as typeof CODED,
    ]);
    const body = wish({ type: 'coded', subType: 'ce' });
    const answer = await send('POST', '', { as: ADMIN, body });
    refused(answer, 503, 'MESH_ENDPOINT_TYPE_UNAVAILABLE');
    assert.match(answer.body.detail, /it is stopped/);
    assert.equal(tried.endpoints.mesh.callouts.length, 0);
  });

  it('tells browsers of a type what they ask users, and not how it is answered', async () => {
    const { types } = (await tried.endpoints.send('GET', '/v1/types', { as: ADA })).body;
    const { connect, ...coded } = types.find(({ type }: { type: string }) => type === 'coded');
    assert.equal(connect[0].fields[0].secret, true);
    assert.deepEqual(Object.keys(coded), ['type', 'plugin', 'title', 'subTypes', 'available']);
  });

  it('takes metadata of types for endpoints that the user sees, under their own name, and skips who is late', async () => {
    const { mesh } = tried.endpoints;
    const marker = { ...CODED, type: 'marker', plugin: 'marker', hooks: ['update-metadata'] };
    const late = { ...marker, type: 'late', plugin: 'late' };
    const gone = { ...marker, type: 'gone', plugin: 'gone', available: false };
    const guid = await register();
    mesh.hooks.set('marker/update-metadata', ({ body }) => [
      200,
      { [body.endpoints[0].guid]: { mark: true, plain: 'hers' }, [NOBODY]: { mark: true }, junk: 7 },
    ]);
    mesh.hooks.set('late/update-metadata', () => new Promise(() => undefined));
    await tried.endpoints.provide([PLAIN, marker, late, gone]);
    const { endpoints: found, notes } = (await send('GET', '', { as: ADA })).body;
    assert.deepEqual(found[0].metadata, { plain: { version: '3.1' }, marker: { mark: true, plain: 'hers' } });
    const codes = notes.map(({ type, code }: { type: string; code: string }) => `${type} ${code}`).sort();
    assert.deepEqual(codes, ['gone MESH_ENDPOINT_TYPE_UNAVAILABLE', 'late MESH_ENDPOINT_CALLOUT_FAILED']);
    const { user, endpoints: told } = mesh.seen('update-metadata')[0]!.body;
    assert.deepEqual(user, { id: ADA.id, name: 'ada', admin: false });
    assert.equal(told[0].connected, false);
    await tried.endpoints.provide([PLAIN]);
    const without = (await send('GET', '', { as: ADA })).body;
    assert.deepEqual(without.endpoints[0].metadata, { plain: { version: '3.1' } });
    assert.deepEqual(without.notes, []);
    await remove(guid);
  });

  it('asks for the types once for many, and goes on with those it knows while mesh is away', async () => {
    const types = (): Promise<Answer> => tried.endpoints.send('GET', '/v1/types', { as: ADA });
    await types();
    const before = tried.endpoints.mesh.asked;
    await Promise.all(Array.from({ length: 50 }, types));
    assert.ok(tried.endpoints.mesh.asked - before <= 2, `${tried.endpoints.mesh.asked - before} times`);
    tried.endpoints.mesh.isAway = true;
    try {
      await eventually(
        () => tried.endpoints.output.includes('could not be asked for') || types().then(() => false),
      );
      assert.equal((await types()).body.types.length, 2);
    } finally {
      tried.endpoints.mesh.isAway = false;
    }
  });

  it('tells plugins of what has become of endpoints of their own types, and nobody else', async () => {
    const events = (after: number, plugin: string): Promise<Answer> =>
      tried.endpoints.send('GET', `/v1/events?after=${after}`, { plugin });
    refused(await tried.endpoints.send('GET', '/v1/events', { as: ADMIN }), 403, 'MESH_FORBIDDEN');
    const { next } = (await events(0, 'plain')).body;
    const guid = await register();
    await remove(guid);
    const { body } = await events(next, 'plain');
    assert.deepEqual(
      body.events.map(({ event, endpoint }: { event: string; endpoint: { guid: string } }) => [
        event,
        endpoint.guid,
      ]),
      [
        ['registered', guid],
        ['unregistered', guid],
      ],
    );
    assert.equal(body.complete, true);
    assert.deepEqual((await events(body.next, 'plain')).body.events, []);
    assert.deepEqual((await events(next, 'coder')).body.events, []);
    assert.equal((await events(next, 'coder')).body.next, body.next);
  });

  it('lets plugins act for users at endpoints of their own types alone', async () => {
    const guid = await register();
    const seenBy = async (plugin: string): Promise<number> =>
      (await send('GET', '', { as: ADA, plugin })).body.endpoints.length as number;
    // The hook `update-metadata` of 'coder' is told of all of them anyway.
    const seen = [await seenBy('plain'), await seenBy('coder'), await seenBy('stranger')];
    assert.deepEqual(seen, [1, 1, 0]);
    refused(await send('GET', `/${guid}`, { as: ADA, plugin: 'coder' }), 403, 'MESH_FORBIDDEN');
    refused(await send('GET', '', { plugin: 'plain' }), 403, 'MESH_FORBIDDEN');
    const body = { kind: 'none' };
    const connect = (plugin?: string): Promise<Answer> =>
      send('POST', `/${guid}/connection`, { as: ADA, body, ...(plugin !== undefined && { plugin }) });
    refused(await connect('plain'), 403, 'MESH_FORBIDDEN');
    assert.equal((await connect()).status, 201);
    const proxied = async (plugin: string): Promise<number> =>
      (await tried.endpoints.send('GET', `/v1/proxy/${guid}/api/version`, { as: ADA, plugin })).status;
    const answered = [await proxied('plain'), await proxied('coder'), await proxied('trusted')];
    assert.deepEqual(answered, [200, 403, 200]);
    await remove(guid);
  });
});
