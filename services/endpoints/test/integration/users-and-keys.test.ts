import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@plugmesh/shared/testing';
import { createAuthority, createCertificate, type Certificate } from '../support/certificates.ts';
import {
  ADA,
  ADMIN,
  BOB,
  EndpointsProcess,
  user,
  type Answer,
  type Sending,
} from '../support/endpoints-process.ts';
import { OAuth2System } from '../support/oauth2-system.ts';
import { PlainSystem } from '../support/plain-system.ts';
import { refused } from '../support/refused.ts';
import { kind, PLAIN } from '../support/types.ts';

const OAUTH2 = {
  ...PLAIN,
  ...{ type: 'oauth2', infoPath: undefined, userPath: undefined, userName: undefined },
  connect: [
    {
      kind: 'client-credentials',
      tokenPath: '/oauth/token',
      fields: [
        { name: 'client_id' },
        { name: 'client_secret', secret: true },
        { name: 'scope', required: false },
      ],
    },
    kind('none'),
  ],
};
const TOKEN = { kind: 'bearer', credentials: { token: 'a-token' } };

const key = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;

describe("endpoints of users' own, their certificates and their keys", function () {
  this.timeout(60_000);
  let endpoints: EndpointsProcess;
  let system: PlainSystem;
  let secure: PlainSystem;
  let authority: Certificate;

  before(async () => {
    authority = await createAuthority();
    [system, secure, endpoints] = await Promise.all([
      PlainSystem.start(),
      createCertificate({ by: authority }).then((certificate) => PlainSystem.start(certificate)),
      EndpointsProcess.start({ config: { user_endpoints: true } }),
    ]);
    endpoints.mesh.types = [PLAIN, OAUTH2];
  });
  afterEach(async () => {
    await endpoints.unregisterAll();
  });
  after(async () => {
    await endpoints.stop();
    system.stop();
    secure.stop();
  });

  const send = (method: string, where: string, sending: Sending): Promise<Answer> =>
    endpoints.send(method, `/v1/endpoints${where}`, sending);
  const register = (as = ADA, more: object = {}): Promise<Answer> =>
    send('POST', '', { as, body: { type: 'plain', name: 'A system', url: system.url, ...more } });

  it('shows what a user has registered to that user and to administrators, and to nobody else', async () => {
    const { status, body } = await register();
    assert.deepEqual([status, body.owner], [201, ADA.id]);
    const count = async (as = ADA): Promise<number> => (await send('GET', '', { as })).body.endpoints.length;
    assert.deepEqual([await count(ADA), await count(BOB), await count(ADMIN)], [1, 0, 1]);
    const path = `/${body.guid}`;
    const attempts: readonly [string, string, object?][] = [
      ['GET', path],
      ['PATCH', path, { name: 'Mine' }],
      ['DELETE', path],
      ['GET', `${path}/connection`],
      ['POST', `${path}/connection`, TOKEN],
      ['DELETE', `${path}/connection`],
      ['POST', `${path}/connection/validate`],
    ];
    const unknown = (await send('GET', '/00000000-0000-4000-8000-000000000000', { as: BOB })).body;
    for (const [method, where, sent] of attempts) {
      const answer = await send(method, where, { as: BOB, ...(sent ? { body: sent } : {}) });
      refused(answer, 404, 'MESH_ENDPOINT_UNKNOWN');
      assert.deepEqual(Object.keys(answer.body), Object.keys(unknown));
    }
    assert.equal((await send('PATCH', path, { as: ADA, body: { name: 'Mine' } })).body.name, 'Mine');
    assert.equal((await send('DELETE', path, { as: ADMIN })).status, 204);
  });

  it('takes the same URL once from each user, and once for everybody', async () => {
    for (const as of [ADA, BOB, ADMIN]) {
      assert.equal((await register(as)).status, 201);
      refused(await register(as), 409, 'MESH_ENDPOINT_EXISTS');
    }
    const { body } = await send('GET', '', { as: ADMIN });
    assert.deepEqual(body.endpoints.map(({ owner }: { owner: string | null }) => owner ?? '').sort(), [
      '',
      ADA.id,
      BOB.id,
    ]);
  });

  it('registers one of many who want the same at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => register(ADMIN)));
    const statuses = answers.map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 201).length, 1);
    assert.equal(statuses.filter((status) => status === 409).length, 9);
  });

  it('stores no connection to what was unregistered while it was tried', async () => {
    const { guid } = (await register(ADMIN)).body;
    const connecting = Array.from({ length: 10 }, (_, at) =>
      send('POST', `/${guid}/connection`, { as: user(`user-${at}`), body: TOKEN }),
    );
    const [removed, ...connected] = await Promise.all([
      send('DELETE', `/${guid}`, { as: ADMIN }),
      ...connecting,
    ]);
    assert.equal(removed.status, 204);
    for (const { status } of connected) assert.ok(status === 201 || status === 404, String(status));
    const again = (await register(ADMIN)).body.guid;
    refused(
      await send('GET', `/${again}/connection`, { as: user('user-0') }),
      409,
      'MESH_ENDPOINT_NOT_CONNECTED',
    );
  });

  it('refuses a certificate that nobody trusts, and takes it with its authority, or unseen', async () => {
    const { url } = secure;
    refused(await register(ADA, { url }), 502, 'MESH_ENDPOINT_TLS');
    assert.equal((await send('GET', '', { as: ADA })).body.endpoints.length, 0);
    const { status, body } = await register(ADA, { url, caCert: authority.cert });
    assert.deepEqual([status, body.hasCaCert], [201, true]);
    assert.equal((await send('GET', `/${body.guid}`, { as: ADA })).body.caCert, authority.cert);
    const patch = (change: object): Promise<Answer> =>
      send('PATCH', `/${body.guid}`, { as: ADA, body: change });
    refused(await patch({ caCert: null }), 502, 'MESH_ENDPOINT_TLS');
    assert.equal((await send('GET', `/${body.guid}`, { as: ADA })).body.hasCaCert, true);
    assert.equal((await patch({ caCert: null, skipTlsValidation: true })).status, 200);
    refused(await patch({ skipTlsValidation: false }), 502, 'MESH_ENDPOINT_TLS');
  });

  it('gets a token by OAuth2, and stores nothing when it gets none', async () => {
    const oauth2 = await OAuth2System.start();
    try {
      const { guid } = (await register(ADA, { type: 'oauth2', url: oauth2.system.url })).body;
      const connect = (client_secret: string): Promise<Answer> =>
        send('POST', `/${guid}/connection`, {
          as: ADA,
          body: { kind: 'client-credentials', credentials: { client_id: oauth2.client.id, client_secret } },
        });
      refused(await connect('wrong'), 400, 'MESH_ENDPOINT_CREDENTIALS');
      refused(await send('GET', `/${guid}/connection`, { as: ADA }), 409, 'MESH_ENDPOINT_NOT_CONNECTED');
      const connected = await connect(oauth2.client.secret);
      assert.deepEqual([connected.status, connected.body.expiresAt], [201, null]);
      assert.ok(!(await endpoints.storedBytes()).includes(oauth2.client.secret));
    } finally {
      oauth2.stop();
    }
  });

  describe('whose tokens end', () => {
    let oauth2: OAuth2System;
    let guid: string;
    const connect = (kind: string, credentials: object): Promise<Answer> =>
      send('POST', `/${guid}/connection`, { as: ADA, body: { kind, credentials } });
    const validate = (): Promise<Answer> => send('POST', `/${guid}/connection/validate`, { as: ADA });
    const shown = () => endpoints.send('GET', `/v1/proxy?guids=${guid}&path=/shown`, { as: ADA });

    beforeEach(async () => {
      oauth2 = await OAuth2System.start();
      oauth2.seconds = 1;
      guid = (await register(ADA, { type: 'oauth2', url: oauth2.system.url })).body.guid;
      const { id, secret } = oauth2.client;
      await connect('client-credentials', { client_id: id, client_secret: secret });
      Object.assign(oauth2, { seconds: 3600, asked: 0, given: 0 });
    });
    afterEach(() => oauth2.stop());

    it('renews a credential once for those who use it and those who try it', async () => {
      oauth2.hold = delay(500);
      const [tried, used] = await Promise.all([validate(), shown()]);
      assert.deepEqual([tried.status, used.body[guid].body], [204, 'Bearer']);
      assert.equal(oauth2.given, 1);
    });

    it('keeps what a user has connected with while an earlier credential was renewed', async () => {
      const answer = Promise.withResolvers();
      oauth2.hold = answer.promise;
      const tried = validate();
      await eventually(() => oauth2.asked === 1, { what: 'a renewal' });
      await send('DELETE', `/${guid}/connection`, { as: ADA });
      await connect('none', {});
      answer.resolve(undefined);
      assert.equal((await tried).status, 204);
      assert.equal((await shown()).body[guid].body, 'nothing');
    });
  });

  it('goes on with keys of the setting, the first of which encrypts', async () => {
    const [first, second] = [key('first'), key('second')];
    const restart = async (...keys: string[]): Promise<void> => {
      await endpoints.pause();
      endpoints.config = { ...endpoints.config, encryption_keys: keys };
      await endpoints.resume();
    };
    const { guid } = (await register()).body;
    const validate = (): Promise<Answer> => send('POST', `/${guid}/connection/validate`, { as: ADA });
    const rotate = async (): Promise<object> =>
      (await endpoints.send('POST', '/v1/keys/rotate', { operator: true })).body;
    await restart(first);
    await send('POST', `/${guid}/connection`, { as: ADA, body: TOKEN });
    await restart(second, first);
    assert.equal((await validate()).status, 204);
    assert.deepEqual(await rotate(), { key: 'second', connections: 1, unreadable: 0 });
    await restart(second);
    assert.equal((await validate()).status, 204);

    await restart(key('third'));
    assert.match(endpoints.output, /cannot be decrypted: put their keys back/);
    refused(await validate(), 409, 'MESH_ENDPOINT_EXPIRED');
    assert.deepEqual(await rotate(), { key: 'third', connections: 0, unreadable: 1 });
    await send('POST', `/${guid}/connection`, { as: ADA, body: TOKEN });
    assert.equal((await validate()).status, 204);
    for (const shown of [first, second]) assert.ok(!endpoints.output.includes(shown.split(':')[1]!));
  });

  it('serves nothing with a key that is none, and does not show it', async () => {
    await endpoints.pause();
    const { config } = endpoints;
    endpoints.config = { ...config, encryption_keys: ['first:not-thirty-two-bytes'] };
    await endpoints.resume();
    refused(await register(), 503, 'MESH_PLUGIN_UNAVAILABLE');
    assert.match(endpoints.output, /'encryption_keys\[0\]' is not/);
    assert.ok(!endpoints.output.includes('not-thirty-two-bytes'));
    endpoints.config = config;
    await endpoints.pause();
    await endpoints.resume();
  });

  it('makes a key when it has lost its own, and says what cannot be read any more', async () => {
    await endpoints.pause();
    endpoints.config = { allowed_networks: ['loopback'], user_endpoints: true };
    await endpoints.resume();
    const { guid } = (await register()).body;
    await send('POST', `/${guid}/connection`, { as: ADA, body: TOKEN });
    await endpoints.pause();
    await rm(join(endpoints.stateDir, 'keys'), { recursive: true });
    await endpoints.resume();
    refused(await send('POST', `/${guid}/connection/validate`, { as: ADA }), 409, 'MESH_ENDPOINT_EXPIRED');
    assert.equal((await send('GET', '', { as: ADA })).status, 200);
  });
});
