import assert from 'node:assert/strict';
import { once } from 'node:events';
import { obtain, renew } from '../../../src/outbound/oauth2.ts';
import type { OAuth2, Token } from '../../../src/outbound/token.ts';
import { ask } from '../../support/ask.ts';
import { ExternalSystem } from '../../support/external-system.ts';
import { OAuth2System } from '../../support/oauth2-system.ts';
import { ProxyApp } from '../../support/proxy-app.ts';

describe('a credential that ends', () => {
  let app: ProxyApp;
  let oauth: OAuth2System;
  let api: ExternalSystem;
  let token: Token;
  let asked: string[];

  beforeEach(async () => {
    asked = [];
    oauth = await OAuth2System.start();
    api = await ExternalSystem.http((request, response) => {
      const isKnown = oauth.knows(request.headers.authorization);
      asked.push(isKnown ? 'known' : 'refused');
      let size = 0;
      request.on('data', (chunk: Buffer) => (size += chunk.length));
      request.once('end', () => response.writeHead(isKnown ? 200 : 401).end(String(size)));
    });
    app = new ProxyApp();
    app.server.listen(0, '127.0.0.1');
    await once(app.server, 'listening');
    token = await obtain(app.outbound, target(), asking());
    app.connections.put('one', api.url, { token });
    oauth.given = 0;
  });
  afterEach(async () => {
    api.stop();
    oauth.stop();
    await app.stop();
  });

  const target = () => ({ url: oauth.system.url, skipTlsValidation: false, caCert: null });
  const asking = (more: Partial<OAuth2> = {}): OAuth2 => {
    const { id: clientId, secret: clientSecret } = oauth.client;
    return { tokenUrl: oauth.tokenUrl, clientId, clientSecret, grant: 'client_credentials', ...more };
  };
  const get = () => ask(app.server, '/v1/proxy/one/x');

  it('is renewed after the first 401, and the request sent again, small body and all', async () => {
    oauth.revoke();
    const body = 'x'.repeat(64 * 1024);
    const answer = await ask(app.server, '/v1/proxy/one/x', { method: 'POST', body });
    assert.deepEqual([answer.status, answer.body], [200, String(body.length)]);
    assert.deepEqual([asked, app.connections.renewals], [['refused', 'known'], 1]);
  });

  it('is renewed once for all who find out at the same time', async () => {
    oauth.revoke();
    const answers = await Promise.all(Array.from({ length: 20 }, get));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.deepEqual([oauth.given, app.connections.renewals], [1, 1]);
  });

  it('is renewed for the next one, where a large body has gone', async () => {
    oauth.revoke();
    const body = 'x'.repeat(64 * 1024 + 1);
    const large = await ask(app.server, '/v1/proxy/one/x', { method: 'POST', body });
    assert.deepEqual([large.status, app.connections.renewals], [401, 1]);
    assert.equal((await get()).status, 200);
    assert.deepEqual(asked, ['refused', 'known']);
  });

  it('is renewed before it is refused, when its end is known', async () => {
    app.connections.put('one', api.url, { token: { ...token, expiresAt: Date.now() } });
    assert.equal((await get()).status, 200);
    assert.deepEqual([asked, app.connections.renewals], [['known'], 1]);
  });

  it('is renewed by a refresh token, which is stored anew', async () => {
    oauth.addRefreshToken('r');
    const refreshing = asking({ grant: 'refresh_token', refreshToken: 'r' });
    app.connections.put('one', api.url, { token: { headers: {}, oauth2: refreshing } });
    assert.equal((await get()).status, 200);
    oauth.revoke();
    await get();
    assert.equal(app.connections.renewals, 1);
  });

  it('is not renewed over and over where every token is refused', async () => {
    app.connections.put('one', api.url, { token });
    oauth.knows = () => false;
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await get()).status);
    assert.deepEqual([statuses, app.connections.renewals], [[401, 401, 401], 1]);
  });

  it('has to be given anew when nothing renews it', async () => {
    for (const [guid, over] of [
      ['no-way', { headers: {}, expiresAt: Date.now() - 1 }],
      ['refused', { headers: {}, oauth2: asking({ grant: 'refresh_token', refreshToken: 'gone' }) }],
    ] as const) {
      app.connections.put(guid, api.url, { token: over });
      const { status, json } = await ask(app.server, `/v1/proxy/${guid}/x`);
      assert.deepEqual([guid, status, json['code']], [guid, 409, 'MESH_ENDPOINT_EXPIRED']);
    }
  });

  it('is used to its end while whoever renews it is away', async () => {
    oauth.stop();
    app.connections.put('one', api.url, { token: { ...token, expiresAt: Date.now() + 4000 } });
    assert.equal((await get()).status, 200);
    app.connections.put('one', api.url, { token: { ...token, expiresAt: Date.now() - 1 } });
    const { status, json } = await get();
    assert.deepEqual([status, json['code']], [502, 'MESH_ENDPOINT_UNREACHABLE']);
  });

  // The requests look at what is stored when they begin, before they renew it, and after that has failed.
  for (const [when, storedAt] of [
    ['before', 2],
    ['at the same time', 3],
  ]) {
    it(`that another process has renewed ${when} is taken from there`, async () => {
      oauth.addRefreshToken('once');
      const token = await obtain(
        app.outbound,
        target(),
        asking({ grant: 'refresh_token', refreshToken: 'once' }),
      );
      app.connections.put('one', api.url, { token });
      const mine = await app.connections.usableFor({ id: 'ada', name: 'ada', isAdmin: false }, 'one');
      oauth.revoke();
      const usableFor = app.connections.usableFor.bind(app.connections);
      let looks = 0;
      let theirs: Token;
      app.connections.usableFor = async (...given) => {
        looks += 1;
        if (looks === 2) theirs = await renew(app.outbound, target(), mine.token);
        if (looks === storedAt) await app.connections.renewed(mine, theirs);
        return usableFor(...given);
      };
      assert.equal((await get()).status, 200);
      assert.equal(app.connections.renewals, 1);
    });
  }

  it('goes with a signature of its type, for this very request', async () => {
    const signing = new ProxyApp({
      sign: ({ method, url, type, endpoint }) =>
        Promise.resolve({ 'x-signed': `${type.plugin} ${endpoint.guid} ${method} ${url}` }),
    });
    const echo = await ExternalSystem.http((request, response) => response.end(request.headers['x-signed']));
    signing.connections.put('one', `${echo.url}/base`);
    signing.server.listen(0, '127.0.0.1');
    await once(signing.server, 'listening');
    const { body } = await ask(signing.server, '/v1/proxy/one/x?q', { method: 'PUT', body: 'b' });
    assert.equal(body, `plain-plugin one PUT ${echo.url}/base/x?q`);
    echo.stop();
    await signing.stop();
  });
});
