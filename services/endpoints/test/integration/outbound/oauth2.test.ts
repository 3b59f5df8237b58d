import assert from 'node:assert/strict';
import { obtain, renew } from '../../../src/outbound/oauth2.ts';
import { Outbound } from '../../../src/outbound/outbound.ts';
import type { OAuth2 } from '../../../src/outbound/token.ts';
import { tokenSchema } from '../../../src/secrets/token.ts';
import { ExternalSystem } from '../../support/external-system.ts';
import { silent } from '../../support/log.ts';
import { OAuth2System } from '../../support/oauth2-system.ts';
import { refusal } from '../../support/refusal.ts';

describe('tokens of an OAuth2 server', () => {
  const outbound = new Outbound({ allowedNetworks: ['loopback'], log: silent });
  let oauth: OAuth2System;
  let other: ExternalSystem | undefined;
  beforeEach(async () => {
    oauth = await OAuth2System.start();
  });
  afterEach(() => {
    oauth.stop();
    other?.stop();
  });
  after(() => outbound.stop());

  const target = () => ({ url: oauth.system.url, skipTlsValidation: false, caCert: null });
  const asked = (more: Partial<OAuth2> = {}): OAuth2 => ({
    tokenUrl: oauth.tokenUrl,
    clientId: oauth.client.id,
    clientSecret: oauth.client.secret,
    grant: 'client_credentials',
    ...more,
  });

  async function answering(answer: object, status = 200): Promise<string> {
    other = await ExternalSystem.http((_request, response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
    );
    return `${other.url}/token`;
  }

  it('are given for client credentials, with the time when they end', async () => {
    const before = Date.now();
    const token = await obtain(outbound, target(), asked());
    assert.ok(oauth.knows(token.headers?.['authorization']));
    const seconds = ((token.expiresAt ?? 0) - before) / 1000;
    // The server says whole seconds, rounded down.
    assert.ok(seconds >= 3500 && seconds < 3700, String(token.expiresAt));
    const other = await renew(outbound, target(), token);
    assert.notDeepEqual(other.headers, token.headers);
    assert.ok(oauth.knows(other.headers?.['authorization']));
  });

  it('are given by servers that take the secret in the body alone', async () => {
    oauth.bodyOnly = true;
    const token = await obtain(outbound, target(), asked());
    assert.ok(oauth.knows(token.headers?.['authorization']));
  });

  it('are renewed by a refresh token, and by the next one that comes with them', async () => {
    oauth.addRefreshToken('first');
    const first = await obtain(outbound, target(), asked({ grant: 'refresh_token', refreshToken: 'first' }));
    assert.notEqual(first.oauth2?.refreshToken, 'first');
    const second = await renew(outbound, target(), first);
    assert.ok(oauth.knows(second.headers?.['authorization']));
    await refusal(renew(outbound, target(), first), 'MESH_ENDPOINT_CREDENTIALS');
  });

  it('are renewed by the same refresh token where the server gives no other', async () => {
    oauth.rotates = false;
    oauth.addRefreshToken('only');
    const first = await obtain(outbound, target(), asked({ grant: 'refresh_token', refreshToken: 'only' }));
    assert.equal(first.oauth2?.refreshToken, 'only');
    await renew(outbound, target(), first);
  });

  for (const [what, wrong, said] of [
    ['a secret', { clientSecret: 'x' }, /invalid_client/],
    ['a scope', { scope: 'root' }, /invalid_scope/],
    ['a refresh token', { grant: 'refresh_token', refreshToken: 'x' }, /invalid_grant/],
  ] as const) {
    it(`are not given for ${what} that is wrong, and the server's words say it`, async () => {
      const error = await refusal(obtain(outbound, target(), asked(wrong)), 'MESH_ENDPOINT_CREDENTIALS');
      assert.match(error.message, said);
    });
  }

  for (const [what, given, fits] of [
    ['that ends after no whole number of seconds', { expires_in: 0.0005 }, true],
    ['that never seems to end', { expires_in: 1e300 }, true],
    ['that is too long to be kept', { access_token: 'x'.repeat(20_000) }, false],
    ['whose refresh token is too long to be kept', { refresh_token: 'x'.repeat(20_000) }, false],
  ] as const) {
    it(`${fits ? 'can be read again' : 'are refused'}, one ${what}`, async () => {
      const answer = { access_token: 't', token_type: 'bearer', ...given };
      const got = obtain(
        outbound,
        target(),
        asked({ grant: 'refresh_token', refreshToken: 'r', tokenUrl: await answering(answer) }),
      );
      if (fits) assert.ok(tokenSchema.safeParse(await got).success);
      else await refusal(got, 'MESH_ENDPOINT_CREDENTIALS');
    });
  }

  it('are not given in words that repeat a secret', async () => {
    const said = { error: 'invalid_grant', error_description: 'r-e-f-r-e-s-h of s-e-c-r-e-t is over' };
    const tokenUrl = await answering(said, 400);
    const asking = asked({
      grant: 'refresh_token',
      refreshToken: 'r-e-f-r-e-s-h',
      clientSecret: 's-e-c-r-e-t',
      tokenUrl,
    });
    const error = await refusal(obtain(outbound, target(), asking), 'MESH_ENDPOINT_CREDENTIALS');
    assert.match(error.message, /invalid_grant, … of … is over/);
  });

  it('cannot be renewed by nothing', async () => {
    await refusal(renew(outbound, target(), { headers: {} }), 'MESH_ENDPOINT_CREDENTIALS');
  });

  for (const [status, body, code] of [
    [200, 'hello', 'MESH_ENDPOINT_CREDENTIALS'],
    [200, '{"access_token":"a\\r\\nX: y","token_type":"bearer"}', 'MESH_ENDPOINT_CREDENTIALS'],
    [200, '{"access_token":7,"token_type":"bearer"}', 'MESH_ENDPOINT_CREDENTIALS'],
    [200, '{"token_type":"bearer"}', 'MESH_ENDPOINT_CREDENTIALS'],
    [200, '{"access_token":"a","token_type":"mac"}', 'MESH_ENDPOINT_CREDENTIALS'],
    [302, '', 'MESH_ENDPOINT_CREDENTIALS'],
    [503, 'later', 'MESH_ENDPOINT_UNREACHABLE'],
    [429, '{"error":"slow_down"}', 'MESH_ENDPOINT_UNREACHABLE'],
  ] as const) {
    it(`are none in an answer of ${status} ${body}: ${code}`, async () => {
      const odd = await ExternalSystem.http((_request, response) =>
        response.writeHead(status, { location: oauth.tokenUrl }).end(body),
      );
      await refusal(
        obtain(outbound, { ...target(), url: odd.url }, asked({ tokenUrl: `${odd.url}/t` })),
        code,
      );
      odd.stop();
      assert.equal(oauth.asked, 0);
    });
  }

  it('are read though the server also says who the user is', async () => {
    const answer = { access_token: 'a', token_type: 'Bearer', expires_in: '60', id_token: 'x.y.z' };
    const odd = await ExternalSystem.http((_request, response) => response.end(JSON.stringify(answer)));
    const { headers } = await obtain(outbound, { ...target(), url: odd.url }, asked({ tokenUrl: odd.url }));
    assert.deepEqual(headers, { authorization: 'Bearer a' });
    odd.stop();
  });
});
