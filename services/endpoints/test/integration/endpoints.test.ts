import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import {
  ADA,
  ADMIN,
  BOB,
  EndpointsProcess,
  type Answer,
  type Sending,
} from '../support/endpoints-process.ts';
import { PlainSystem } from '../support/plain-system.ts';
import { CODED, PLAIN } from '../support/types.ts';

const PASSWORD = 'a-password-that-nobody-may-see';
const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('endpoints', function () {
  this.timeout(60_000);
  let endpoints: EndpointsProcess;
  let system: PlainSystem;

  before(async () => {
    [endpoints, system] = await Promise.all([
      EndpointsProcess.start({ config: { callout_seconds: 1 } }),
      PlainSystem.start(),
    ]);
  });
  beforeEach(async () => {
    await provide([PLAIN, CODED]);
    endpoints.mesh.hooks.clear();
    endpoints.mesh.callouts.length = 0;
    system.accepts = () => true;
    system.infoStatus = 200;
  });
  afterEach(async () => {
    for (const { guid } of (await send('GET', '', { as: ADMIN })).body.endpoints) await remove(guid);
  });
  after(async () => {
    await endpoints.stop();
    system.stop();
  });

  /** Has plugins provide these types, and waits until that is known. */
  const provide = async (types: readonly { type: string; available: boolean }[]): Promise<void> => {
    const shown = (all: typeof types): string =>
      all.map(({ type, available }) => `${type}:${available}`).join();
    endpoints.mesh.types = types;
    await eventually(async () => {
      const { body } = await endpoints.send('GET', '/v1/types', { as: ADA });
      return shown(body.types) === shown(types);
    });
  };
  const wish = (more: object = {}): object => ({ type: 'plain', name: 'A system', url: system.url, ...more });
  const send = (method: string, where: string, sending: Sending = {}): Promise<Answer> =>
    endpoints.send(method, `/v1/endpoints${where}`, sending);
  /** Registers an endpoint at a URL of its own; answers at `/api/…` of the root are not there below it. */
  const register = async (more: object = {}): Promise<string> => {
    const answer = await send('POST', '', { as: ADMIN, body: wish(more) });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.guid as string;
  };
  const remove = (guid: string): Promise<Answer> => send('DELETE', `/${guid}`, { as: ADMIN });
  const refused = ({ status, body }: Answer, ...[expected, code]: [number, string]): void => {
    assert.deepEqual([status, body.code], [expected, code], JSON.stringify(body));
    assert.ok(body.fix ?? body.detail);
  };
  const stored = async (): Promise<number> =>
    (await send('GET', '', { as: ADMIN })).body.endpoints.length as number;

  it('registers an external system, connects a user, tries the credentials, disconnects and unregisters', async () => {
    const registered = await send('POST', '', { as: ADMIN, body: wish({ url: `${system.url}/` }) });
    assert.equal(registered.status, 201);
    const { guid } = registered.body;
    const common = { type: 'plain', subType: null, name: 'A system', url: system.url, owner: null };
    const metadata = { plain: { version: '3.1' } };
    assert.deepEqual({ ...registered.body, ...common, metadata, connection: null }, registered.body);

    system.accepts = (shown) => shown === `Basic ${btoa(`ada:${PASSWORD}`)}`;
    const connection = { kind: 'basic', credentials: { username: 'ada', password: PASSWORD } };
    const connected = await send('POST', `/${guid}/connection`, { as: ADA, body: connection });
    const { connectedAt, ...shown } = connected.body;
    assert.equal(connected.status, 201);
    assert.ok(connectedAt > 0);
    assert.deepEqual(shown, {
      kind: 'basic',
      shared: false,
      user: 'ada-there',
      admin: false,
      expiresAt: null,
    });

    const listed = await send('GET', '', { as: ADA });
    assert.deepEqual(
      listed.body.endpoints.map((each: { connection: object }) => each.connection),
      [connected.body],
    );
    assert.equal((await send('GET', `/${guid}/connection`, { as: ADA })).body.user, 'ada-there');
    assert.equal((await send('POST', `/${guid}/connection/validate`, { as: ADA })).status, 204);
    refused(await send('GET', `/${guid}/connection`, { as: BOB }), 409, 'MESH_ENDPOINT_NOT_CONNECTED');
    refused(
      await send('POST', `/${guid}/connection/validate`, { as: BOB }),
      409,
      'MESH_ENDPOINT_NOT_CONNECTED',
    );

    assert.equal((await send('DELETE', `/${guid}/connection`, { as: ADA })).status, 204);
    refused(await send('GET', `/${guid}/connection`, { as: ADA }), 409, 'MESH_ENDPOINT_NOT_CONNECTED');
    assert.equal((await remove(guid)).status, 204);
    refused(await send('GET', `/${guid}`, { as: ADMIN }), 404, 'MESH_ENDPOINT_UNKNOWN');
    const events = await eventually(async () => {
      const all = await endpoints.events();
      return all.length === 4 && all;
    });
    assert.deepEqual(
      events.map(({ event }) => event),
      ['registered', 'connected', 'disconnected', 'unregistered'],
    );
    const { _id, ...payload } = events[1]!.payload;
    assert.ok(_id);
    assert.deepEqual(payload, { guid, name: 'A system', type: 'plain', url: system.url, user: ADA.id });
  });

  it('lets administrators alone register, change and unregister, and everybody connect', async () => {
    refused(await send('GET', ''), 401, 'MESH_UNAUTHORIZED');
    const told = async (as: typeof ADA): Promise<object> => (await send('GET', '', { as })).body.you;
    const [ada, admin] = [await told(ADA), await told(ADMIN)];
    assert.deepEqual(ada, { id: ADA.id, name: ADA.name, admin: false, mayRegister: false });
    assert.deepEqual(admin, { id: ADMIN.id, name: ADMIN.name, admin: true, mayRegister: true });
    refused(await send('POST', '', { as: ADA, body: wish() }), 403, 'MESH_FORBIDDEN');
    const guid = await register();
    refused(await send('PATCH', `/${guid}`, { as: ADA, body: { name: 'Mine' } }), 403, 'MESH_FORBIDDEN');
    refused(await send('DELETE', `/${guid}`, { as: ADA }), 403, 'MESH_FORBIDDEN');
    const body = { kind: 'none', shared: true };
    refused(await send('POST', `/${guid}/connection`, { as: ADA, body }), 403, 'MESH_FORBIDDEN');
    refused(await send('DELETE', `/${guid}/connection?shared=1`, { as: ADA }), 403, 'MESH_FORBIDDEN');
    await remove(guid);
  });

  it("shows everybody's connection to whoever has none of their own", async () => {
    const guid = await register();
    const shared = { kind: 'bearer', credentials: { token: 'for-all' }, shared: true };
    assert.equal((await send('POST', `/${guid}/connection`, { as: ADMIN, body: shared })).body.shared, true);
    assert.equal((await send('GET', `/${guid}`, { as: BOB })).body.connection.shared, true);
    const own = { kind: 'bearer', credentials: { token: 'for-ada' } };
    await send('POST', `/${guid}/connection`, { as: ADA, body: own });
    assert.equal((await send('GET', `/${guid}`, { as: ADA })).body.connection.shared, false);
    assert.equal((await send('DELETE', `/${guid}/connection?shared=1`, { as: ADMIN })).status, 204);
    refused(await send('GET', `/${guid}/connection`, { as: BOB }), 409, 'MESH_ENDPOINT_NOT_CONNECTED');
    assert.equal((await send('GET', `/${guid}/connection`, { as: ADA })).status, 200);
    await remove(guid);
  });

  it('takes URLs that differ only in how they are written for one', async () => {
    const guid = await register({ url: `HTTP://127.0.0.1:${system.port}/` });
    refused(await send('POST', '', { as: ADMIN, body: wish() }), 409, 'MESH_ENDPOINT_EXISTS');
    await remove(guid);
    const again = await register();
    await remove(again);
  });

  const bad: readonly [string, object, number, string][] = [
    ['another scheme', { url: 'ftp://127.0.0.1/' }, 422, 'MESH_ENDPOINT_REFUSED'],
    ['a password in it', { url: `http://ada:${PASSWORD}@127.0.0.1/` }, 400, 'MESH_BAD_REQUEST'],
    ['a query', { url: 'http://127.0.0.1/?a=b' }, 400, 'MESH_BAD_REQUEST'],
    ['a fragment', { url: 'http://127.0.0.1/#a' }, 400, 'MESH_BAD_REQUEST'],
    ['no host', { url: 'http://' }, 400, 'MESH_BAD_REQUEST'],
    ['too many characters', { url: `http://127.0.0.1/${'a'.repeat(2048)}` }, 400, 'MESH_BAD_REQUEST'],
    ['an address outside of the allowed networks', { url: 'http://10.1.2.3/' }, 422, 'MESH_ENDPOINT_REFUSED'],
    ['nobody behind it', { url: 'http://127.0.0.1:1/' }, 502, 'MESH_ENDPOINT_UNREACHABLE'],
  ];
  for (const [what, more, status, code] of bad) {
    it(`refuses a URL with ${what}, and stores nothing`, async () => {
      const answer = await send('POST', '', { as: ADMIN, body: wish(more) });
      refused(answer, status, code);
      assert.ok(!JSON.stringify(answer.body).includes(PASSWORD));
      assert.equal(await stored(), 0);
    });
  }

  const faults: readonly [string, object, number, string][] = [
    ['a type that nobody provides', { type: 'unheard-of' }, 422, 'MESH_ENDPOINT_TYPE_UNKNOWN'],
    ['a subtype that the type does not have', { subType: 'ee' }, 400, 'MESH_BAD_REQUEST'],
    ['no subtype where there are some', { type: 'coded' }, 400, 'MESH_BAD_REQUEST'],
    ['a name of control characters', { name: 'a\u0007b' }, 400, 'MESH_BAD_REQUEST'],
    ['a certificate that is none', { caCert: 'PEM' }, 400, 'MESH_BAD_REQUEST'],
    ['a member that endpoints do not have', { owner: 'ada' }, 400, 'MESH_BAD_REQUEST'],
  ];
  for (const [what, more, status, code] of faults) {
    it(`refuses ${what}, and stores nothing`, async () => {
      refused(await send('POST', '', { as: ADMIN, body: wish(more) }), status, code);
      assert.equal(await stored(), 0);
    });
  }

  it('refuses what does not answer as its type does', async () => {
    system.infoStatus = 404;
    refused(await send('POST', '', { as: ADMIN, body: wish() }), 422, 'MESH_ENDPOINT_INVALID');
    assert.equal(await stored(), 0);
  });

  it('stores no credentials that the external system does not take, and keeps those it took', async () => {
    const guid = await register();
    const connect = (token: string): Promise<Answer> =>
      send('POST', `/${guid}/connection`, { as: ADA, body: { kind: 'token', credentials: { token } } });
    assert.equal((await connect('right')).status, 201);
    system.accepts = () => false;
    const { connectedAt } = (await send('GET', `/${guid}/connection`, { as: ADA })).body;
    refused(await connect('wrong'), 400, 'MESH_ENDPOINT_CREDENTIALS');
    assert.equal((await send('GET', `/${guid}/connection`, { as: ADA })).body.connectedAt, connectedAt);
    refused(
      await send('POST', `/${guid}/connection/validate`, { as: ADA }),
      400,
      'MESH_ENDPOINT_CREDENTIALS',
    );
    await remove(guid);
  });

  it('asks for the fields of the kind, and repeats no value', async () => {
    const guid = await register();
    const connect = (body: object): Promise<Answer> => send('POST', `/${guid}/connection`, { as: ADA, body });
    const missing = await connect({ kind: 'basic', credentials: { username: 'ada', passwort: PASSWORD } });
    refused(missing, 400, 'MESH_BAD_REQUEST');
    assert.match(missing.body.detail, /'password' is missing; 'passwort' is no field/);
    assert.ok(!JSON.stringify(missing.body).includes(PASSWORD));
    refused(await connect({ kind: 'magic' }), 400, 'MESH_BAD_REQUEST');
    refused(await connect({ kind: 'bearer', credentials: { token: 'a\r\nb' } }), 400, 'MESH_BAD_REQUEST');
    refused(
      await send('POST', `/${NOBODY}/connection`, { as: ADA, body: { kind: 'none' } }),
      404,
      'MESH_ENDPOINT_UNKNOWN',
    );
    await remove(guid);
  });

  it('changes a name at once, and TLS settings once they were tried', async () => {
    const guid = await register();
    const changed = await send('PATCH', `/${guid}`, { as: ADMIN, body: { name: 'Another' } });
    assert.deepEqual([changed.status, changed.body.name], [200, 'Another']);
    system.infoStatus = 500;
    const body = { skipTlsValidation: true };
    refused(await send('PATCH', `/${guid}`, { as: ADMIN, body }), 422, 'MESH_ENDPOINT_INVALID');
    assert.equal((await send('GET', `/${guid}`, { as: ADMIN })).body.skipTlsValidation, false);
    await remove(guid);
  });

  it('registers, connects and validates by the callouts of a type', async () => {
    const { mesh } = endpoints;
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
      { url: system.url, subType: 'ee', skipTlsValidation: false, caCert: null, reach: '' },
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
    await eventually(() => /a callout was refused/.test(endpoints.output), { what: 'a line in the log' });
    assert.doesNotMatch(endpoints.output, /the word has changed/);
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
      endpoints.mesh.hooks.set('coder/info', () => answer);
      const body = wish({ type: 'coded', subType: 'ce' });
      refused(await send('POST', '', { as: ADMIN, body }), status, code);
      assert.equal(await stored(), 0);
    });
  }

  it('waits for the plugin of a type no longer than it may take', async () => {
    endpoints.mesh.hooks.set('coder/info', () => new Promise(() => undefined));
    const body = wish({ type: 'coded', subType: 'ce' });
    refused(await send('POST', '', { as: ADMIN, body }), 502, 'MESH_ENDPOINT_CALLOUT_FAILED');
  });

  it('lists the type of a plugin that is not ready as unavailable, and uses it for nothing', async () => {
    await provide([PLAIN, { ...CODED, available: false, reason: 'it is stopped' } as typeof CODED]);
    const body = wish({ type: 'coded', subType: 'ce' });
    const answer = await send('POST', '', { as: ADMIN, body });
    refused(answer, 503, 'MESH_ENDPOINT_TYPE_UNAVAILABLE');
    assert.match(answer.body.detail, /it is stopped/);
    assert.equal(endpoints.mesh.callouts.length, 0);
  });

  it('tells browsers of a type what they ask users, and not how it is answered', async () => {
    const { types } = (await endpoints.send('GET', '/v1/types', { as: ADA })).body;
    const { connect, ...coded } = types.find(({ type }: { type: string }) => type === 'coded');
    assert.equal(connect[0].fields[0].secret, true);
    assert.deepEqual(Object.keys(coded), ['type', 'plugin', 'title', 'subTypes', 'available']);
  });

  it('takes metadata of types for endpoints that the user sees, under their own name, and skips who is late', async () => {
    const { mesh } = endpoints;
    const marker = { ...CODED, type: 'marker', plugin: 'marker', hooks: ['update-metadata'] };
    const late = { ...marker, type: 'late', plugin: 'late' };
    const gone = { ...marker, type: 'gone', plugin: 'gone', available: false };
    const guid = await register();
    mesh.hooks.set('marker/update-metadata', ({ body }) => [
      200,
      { [body.endpoints[0].guid]: { mark: true, plain: 'hers' }, [NOBODY]: { mark: true }, junk: 7 },
    ]);
    mesh.hooks.set('late/update-metadata', () => new Promise(() => undefined));
    await provide([PLAIN, marker, late, gone]);
    const { endpoints: found, notes } = (await send('GET', '', { as: ADA })).body;
    assert.deepEqual(found[0].metadata, { plain: { version: '3.1' }, marker: { mark: true, plain: 'hers' } });
    const codes = notes.map(({ type, code }: { type: string; code: string }) => `${type} ${code}`).sort();
    assert.deepEqual(codes, ['gone MESH_ENDPOINT_TYPE_UNAVAILABLE', 'late MESH_ENDPOINT_CALLOUT_FAILED']);
    const { user, endpoints: told } = mesh.seen('update-metadata')[0]!.body;
    assert.deepEqual(user, { id: ADA.id, name: 'ada', admin: false });
    assert.equal(told[0].connected, false);
    await provide([PLAIN]);
    const without = (await send('GET', '', { as: ADA })).body;
    assert.deepEqual(without.endpoints[0].metadata, { plain: { version: '3.1' } });
    assert.deepEqual(without.notes, []);
    await remove(guid);
  });

  it('asks for the types once for many, and goes on with those it knows while mesh is away', async () => {
    const types = (): Promise<Answer> => endpoints.send('GET', '/v1/types', { as: ADA });
    await types();
    const before = endpoints.mesh.asked;
    await Promise.all(Array.from({ length: 50 }, types));
    assert.ok(endpoints.mesh.asked - before <= 2, `${endpoints.mesh.asked - before} times`);
    endpoints.mesh.isAway = true;
    try {
      await eventually(
        () => endpoints.output.includes('could not be asked for') || types().then(() => false),
      );
      assert.equal((await types()).body.types.length, 2);
    } finally {
      endpoints.mesh.isAway = false;
    }
  });

  it('tells plugins of what has become of endpoints of their own types, and nobody else', async () => {
    const events = (after: number, plugin: string): Promise<Answer> =>
      endpoints.send('GET', `/v1/events?after=${after}`, { plugin });
    refused(await endpoints.send('GET', '/v1/events', { as: ADMIN }), 403, 'MESH_FORBIDDEN');
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
    refused(
      await send('POST', `/${guid}/connection`, { as: ADA, plugin: 'plain', body }),
      403,
      'MESH_FORBIDDEN',
    );
    await remove(guid);
  });

  it('writes no secret to the database, the log or the bus', async () => {
    const guid = await register();
    const body = { kind: 'basic', credentials: { username: 'ada', password: PASSWORD } };
    assert.equal((await send('POST', `/${guid}/connection`, { as: ADA, body })).status, 201);
    const needles = [PASSWORD, btoa(`ada:${PASSWORD}`), btoa(PASSWORD)];
    const answers = JSON.stringify((await send('GET', `/${guid}`, { as: ADA })).body);
    const places = {
      database: await endpoints.storedBytes(),
      log: endpoints.output,
      answers,
      bus: JSON.stringify(await endpoints.events()),
    };
    assert.ok(places.database.includes(guid));
    for (const [place, bytes] of Object.entries(places))
      assert.deepEqual(
        needles.filter((needle) => bytes.includes(needle)),
        [],
        place,
      );
    await remove(guid);
  });
});
