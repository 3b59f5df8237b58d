import assert from 'node:assert/strict';
import { hashCredential } from '@plugmesh/shared/access';
import { operatorToken, loadSecrets, pluginToken } from '@plugmesh/shared/identity';
import { RedisServer } from '@plugmesh/shared/testing';
import { AccessDesk } from '../support/access-desk.ts';
import { rawRequest } from '../support/raw-request.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

describe('credentials of ours where they do not count', () => {
  const plugin = new RecordingUpstream();
  let redis: RedisServer;
  let desk: AccessDesk;
  let gateway: TestGateway;
  let key: string;

  before(async () => {
    redis = await RedisServer.start();
    desk = new AccessDesk(redis.url);
    await Promise.all([plugin.listen(0), desk.open()]);
    gateway = await TestGateway.start({
      redisUrl: redis.url,
      services: { control: { url: plugin.url }, channel: { url: plugin.url } },
      gateway: { apiKeyInQuery: true },
      plugins: [{ id: 'ships', urls: [plugin.url] }],
    });
    ({ key } = await desk.key());
  });
  after(async () => {
    await gateway.stop();
    await desk.close();
    await Promise.all([plugin.stop(), redis.stop()]);
  });

  /** Head of the request as the plugin saw it. */
  const arrives = async (...headers: string[]): Promise<string> => {
    const head = ['GET /api/ships/ HTTP/1.1', 'Host: mesh.test', ...headers, '', ''];
    assert.equal((await rawRequest(gateway.port, head.join('\r\n'), 30)).status, 200);
    return JSON.stringify(plugin.last.headers);
  };

  it('reach no plugin', async () => {
    const secrets = loadSecrets(gateway.config);
    const operator = operatorToken(secrets);
    const ofPlugin = pluginToken(secrets, 'ships');
    for (const line of [
      `Authorization: Bearer\t${key}`,
      `Authorization: Token ${key}`,
      `Authorization: ${key}`,
      `Authorization: Basic ${operator}`,
      `X-API-Key: ${operator}`,
      `X-API-Key: ${ofPlugin}`,
      `X-API-Key: x\r\nX-API-Key: ${key}`,
      `Referer: http://mesh.test/page?apikey=${key}`,
    ]) {
      const seen = await arrives(line);
      for (const secret of [key, operator, ofPlugin]) assert.ok(!seen.includes(secret), line);
    }
  });

  it('are not taken for those of others', async () => {
    assert.match(await arrives('Authorization: Basic YW5uOnNlc2FtZQ=='), /YW5uOnNlc2FtZQ==/);
    assert.match(await arrives('X-API-Key: of-the-plugin'), /of-the-plugin/);
    assert.match(await arrives('Referer: http://mesh.test/page?q=1'), /page\?q=1/);
  });

  it('are no token against foreign pages that a plugin could keep', async () => {
    const { cookie, id } = await desk.login();
    const token = hashCredential(`xsrf:${id}`);
    assert.ok(!(await arrives(`Cookie: ${cookie}`, `X-XSRF-Token: ${token}`)).includes(token));
    assert.match(await arrives(`Cookie: ${cookie}`, 'X-XSRF-Token: of-the-plugin'), /of-the-plugin/);
  });
});
