import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { ADA, ADMIN, BOB, type Answer } from '../support/endpoints-process.ts';
import { refused } from '../support/refused.ts';
import { tryEndpoints } from '../support/tried-endpoints.ts';

const PASSWORD = 'a-password-that-nobody-may-see';
const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('endpoints', function () {
  this.timeout(60_000);
  const tried = tryEndpoints({ callout_seconds: 1 });
  const { send, wish, register, remove, stored } = tried;

  it('registers an external system, connects a user, tries the credentials, disconnects and unregisters', async () => {
    const registered = await send('POST', '', { as: ADMIN, body: wish({ url: `${tried.system.url}/` }) });
    assert.equal(registered.status, 201);
    const { guid } = registered.body;
    const common = { type: 'plain', subType: null, name: 'A system', url: tried.system.url, owner: null };
    const metadata = { plain: { version: '3.1' } };
    assert.deepEqual({ ...registered.body, ...common, metadata, connection: null }, registered.body);

    tried.system.accepts = (shown) => shown === `Basic ${btoa(`ada:${PASSWORD}`)}`;
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
      const all = await tried.endpoints.events();
      return all.length === 4 && all;
    });
    assert.deepEqual(
      events.map(({ event }) => event),
      ['registered', 'connected', 'disconnected', 'unregistered'],
    );
    const { _id, ...payload } = events[1]!.payload;
    assert.ok(_id);
    assert.deepEqual(payload, { guid, name: 'A system', type: 'plain', url: tried.system.url, user: ADA.id });
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
    const guid = await register({ url: `HTTP://127.0.0.1:${tried.system.port}/` });
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
    tried.system.infoStatus = 404;
    refused(await send('POST', '', { as: ADMIN, body: wish() }), 422, 'MESH_ENDPOINT_INVALID');
    assert.equal(await stored(), 0);
  });

  it('stores no credentials that the external system does not take, and keeps those it took', async () => {
    const guid = await register();
    const connect = (token: string): Promise<Answer> =>
      send('POST', `/${guid}/connection`, { as: ADA, body: { kind: 'token', credentials: { token } } });
    assert.equal((await connect('right')).status, 201);
    tried.system.accepts = () => false;
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
    tried.system.infoStatus = 500;
    const body = { skipTlsValidation: true };
    refused(await send('PATCH', `/${guid}`, { as: ADMIN, body }), 422, 'MESH_ENDPOINT_INVALID');
    assert.equal((await send('GET', `/${guid}`, { as: ADMIN })).body.skipTlsValidation, false);
    await remove(guid);
  });

  it('writes no secret to the database, the log or the bus', async () => {
    const guid = await register();
    const body = { kind: 'basic', credentials: { username: 'ada', password: PASSWORD } };
    assert.equal((await send('POST', `/${guid}/connection`, { as: ADA, body })).status, 201);
    const needles = [PASSWORD, btoa(`ada:${PASSWORD}`), btoa(PASSWORD)];
    const answers = JSON.stringify((await send('GET', `/${guid}`, { as: ADA })).body);
    const places = {
      database: await tried.endpoints.storedBytes(),
      log: tried.endpoints.output,
      answers,
      bus: JSON.stringify(await tried.endpoints.events()),
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
