import assert from 'node:assert/strict';
import { hashCredential } from '@plugmesh/shared/access';
import { RedisServer } from '@plugmesh/shared/testing';
import { AccessDesk, type Login } from '../support/access-desk.ts';
import { rawRequest } from '../support/raw-request.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

describe('pages of other origins', () => {
  const upstream = new RecordingUpstream();
  let redis: RedisServer;
  let desk: AccessDesk;
  let gateway: TestGateway;
  let login: Login;

  before(async () => {
    redis = await RedisServer.start();
    desk = new AccessDesk(redis.url);
    await Promise.all([upstream.listen(0), desk.open()]);
    upstream.answer = ({ headers }) =>
      headers.some(([name]) => name.toLowerCase() === 'upgrade') ? SWITCHING : undefined;
    const urls = [upstream.url];
    gateway = await TestGateway.start({
      redisUrl: redis.url,
      services: { control: { url: upstream.url }, channel: { url: upstream.url } },
      gateway: {
        cors: {
          ...{ origins: ['https://friend.test'], credentials: true, methods: ['POST'] },
          ...{ headers: [], maxAgeMs: 1000 },
        },
      },
      plugins: [
        { id: 'closed', urls, http: { guard: 'session' } },
        { id: 'open', urls, http: { guard: 'public' } },
        { id: 'generous', urls, http: { guard: 'session', corsOrigins: ['*'] } },
        { id: 'accounts', urls, http: { guard: 'public' } },
      ],
    });
    login = await desk.login();
  });
  after(async () => {
    await gateway.stop();
    await desk.close();
    await Promise.all([upstream.stop(), redis.stop()]);
  });

  const ask = async (method: string, path: string, headers: readonly string[]): Promise<number> => {
    const head = [`${method} ${path} HTTP/1.1`, 'Host: mesh.test', 'Content-Length: 0'];
    return (await rawRequest(gateway.port, [...head, ...headers, '', ''].join('\r\n'), 30)).status;
  };
  const shake = async (path: string, headers: readonly string[]): Promise<number> => {
    const head = [`GET ${path} HTTP/1.1`, 'Host: mesh.test', ...HANDSHAKE];
    return (await rawRequest(gateway.port, [...head, ...headers, '', ''].join('\r\n'), 30)).status;
  };
  const cookie = (): string => `Cookie: ${login.cookie}`;
  const token = (): string => `X-XSRF-Token: ${hashCredential(`xsrf:${login.id}`)}`;

  for (const [name, headers, status] of [
    ['of the same origin, by Fetch Metadata', ['Sec-Fetch-Site: same-origin'], 200],
    ['of the same origin, by Origin', ['Origin: http://mesh.test'], 200],
    ['of an allowed origin', ['Origin: https://friend.test'], 200],
    [
      'of an allowed origin on another site',
      ['Origin: https://friend.test', 'Sec-Fetch-Site: cross-site'],
      200,
    ],
    ['of a visitor who typed the address', ['Sec-Fetch-Site: none'], 200],
    ['without a word about its sender', [], 403],
    ['of another site', ['Sec-Fetch-Site: cross-site'], 403],
    ['of a sibling', ['Sec-Fetch-Site: same-site'], 403],
    [
      'of another site that claims our origin',
      ['Sec-Fetch-Site: cross-site', 'Origin: http://mesh.test'],
      403,
    ],
    ['of another origin', ['Origin: https://evil.test'], 403],
    ['of a look-alike', ['Origin: http://mesh.test.evil.test'], 403],
    ['of another port', ['Origin: http://mesh.test:81'], 403],
    ['of a sandboxed page', ['Origin: null'], 403],
    ['with a token that is none', ['X-XSRF-Token: x'], 403],
    ["with another session's token", [`X-XSRF-Token: ${hashCredential('xsrf:x')}`], 403],
  ] as const) {
    it(`answers ${status} to a change with a session ${name}`, async () => {
      for (const method of ['POST', 'DELETE']) {
        const asked = upstream.requests.length;
        assert.equal(await ask(method, '/api/closed/', [cookie(), ...headers]), status, method);
        assert.equal(upstream.requests.length - asked, status === 200 ? 1 : 0);
      }
    });
  }

  it('may send anything that shows the token', async () => {
    assert.equal(await ask('POST', '/api/closed/', [cookie(), token()]), 200);
    assert.equal(await ask('POST', '/api/closed/', [cookie(), token(), 'Sec-Fetch-Site: cross-site']), 200);
  });

  it('are let in by `*` to read, never to act with a cookie', async () => {
    const foreign = ['Origin: https://evil.test', 'Sec-Fetch-Site: cross-site'];
    assert.equal(await ask('POST', '/api/generous/', [cookie(), ...foreign]), 403);
    assert.equal(await shake('/api/generous/', [cookie(), 'Origin: https://evil.test']), 403);
  });

  it('may read with a session, as far as browsers let them, and change nothing', async () => {
    assert.equal(await ask('GET', '/api/closed/', [cookie(), 'Sec-Fetch-Site: cross-site']), 200);
  });

  it('may use keys, which browsers do not send by themselves', async () => {
    const { key } = await desk.key({ guards: ['session'] });
    const foreign = ['Origin: https://evil.test', 'Sec-Fetch-Site: cross-site'];
    assert.equal(await ask('POST', '/api/closed/', [`Authorization: Bearer ${key}`, ...foreign]), 200);
    assert.equal(await ask('POST', '/api/closed/', [`X-API-Key: ${key}`, cookie(), ...foreign]), 200);
  });

  it('are strangers on public routes', async () => {
    const accounts = '/api/accounts/v1/session';
    assert.equal(await ask('POST', '/api/open/', [cookie(), 'Sec-Fetch-Site: cross-site']), 200);
    assert.equal(await ask('POST', accounts, [cookie()]), 200);
    assert.deepEqual(upstream.header('x-plugmesh-xsrf'), []);
  });

  it('cannot log their visitors in or out', async () => {
    const path = '/api/accounts/v1/login';
    for (const headers of [['Sec-Fetch-Site: cross-site'], ['Origin: https://evil.test'], ['Origin: null']]) {
      assert.equal(await ask('POST', path, headers), 403);
      assert.equal(await ask('POST', path, [cookie(), ...headers]), 403);
    }
    assert.equal(await ask('POST', path, []), 200);
    assert.equal(await ask('POST', path, ['Origin: http://mesh.test']), 200);
  });

  describe('that open WebSockets', () => {
    it('get none with a session, and none of a plugin without', async () => {
      for (const origin of ['Origin: https://evil.test', 'Origin: null', 'Origin: http://mesh.test:81']) {
        assert.equal(await shake('/api/closed/', [cookie(), origin]), 403);
        assert.equal(await shake('/api/open/', [cookie(), origin]), 403);
      }
      assert.equal(await shake('/api/closed/', [cookie()]), 403);
      assert.equal(await shake('/api/closed/', ['Origin: http://mesh.test']), 401);
    });

    it('get them from our own origin, and from allowed ones', async () => {
      for (const origin of ['http://mesh.test', 'https://friend.test']) {
        assert.equal(await shake('/api/closed/', [cookie(), `Origin: ${origin}`]), 101);
      }
      assert.equal(await shake('/api/closed/', [cookie(), token()]), 101);
    });
  });
});
