import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { apiKeyKey, sessionKey } from '@plugmesh/shared/access';
import { IDENTITY_HEADER, IdentityTokens, loadSecrets, pluginToken } from '@plugmesh/shared/identity';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { WebSocket, WebSocketServer } from 'ws';
import { AccessRecords } from '../../src/access/access-records.ts';
import { AccessDesk } from '../support/access-desk.ts';
import { TestGateway } from '../support/start-gateway.ts';

describe('what is open when a session or key ends', () => {
  let redis: RedisServer;
  let desk: AccessDesk;
  let gateway: TestGateway;
  let plugin: Server;
  let sockets: WebSocketServer;

  before(async () => {
    redis = await RedisServer.start();
    desk = new AccessDesk(redis.url);
    plugin = createServer((req, res) => {
      const isStream = req.url === '/events';
      res.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'text/plain' });
      if (isStream) res.write('data: first\n\n');
      else res.end();
    });
    sockets = new WebSocketServer({ server: plugin });
    plugin.listen(0, '127.0.0.1');
    await Promise.all([once(plugin, 'listening'), desk.open()]);
    const urls = [`http://127.0.0.1:${(plugin.address() as AddressInfo).port}`];
    gateway = await TestGateway.start({
      redisUrl: redis.url,
      sweepMs: 50,
      plugins: [
        { id: 'closed', urls, http: { guard: 'session' } },
        { id: 'open', urls, http: { guard: 'public' } },
        {
          id: 'called',
          urls,
          http: { guard: 'session', routes: [{ path: '/**', guard: 'session', plugins: ['caller'] }] },
        },
      ],
    });
  });
  after(async () => {
    await gateway.stop();
    await desk.close();
    sockets.close();
    plugin.closeAllConnections();
    plugin.close();
    await redis.stop();
  });

  const open = async (path: string, headers: Record<string, string>): Promise<WebSocket> => {
    const origin = gateway.url;
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, {
      headers: { origin, ...headers },
    });
    await once(socket, 'open');
    return socket;
  };
  const isClosed = (socket: WebSocket): boolean => socket.readyState === WebSocket.CLOSED;

  it('closes WebSockets within a second of logout, on public routes too, and nobody else’s', async () => {
    const [mine, other] = await Promise.all([desk.login(), desk.login({ user: 'u2' })]);
    const ending = await Promise.all([
      open('/api/closed/', { cookie: mine.cookie }),
      open('/api/closed/', { cookie: mine.cookie }),
      open('/api/open/', { cookie: mine.cookie }),
    ]);
    const staying = [await open('/api/closed/', { cookie: other.cookie }), await open('/api/open/', {})];
    await desk.logout(mine);
    await eventually(() => ending.every(isClosed), { timeoutMs: 1000 });
    await eventually(() => sockets.clients.size === 2);
    assert.ok(!staying.some(isClosed));
    for (const socket of staying) socket.terminate();
  });

  it('closes what a key opened when it is revoked, and everything of a user who changed', async () => {
    const { prefix, key } = await desk.key({ guards: ['session'] });
    const byKey = await open('/api/closed/', { 'x-api-key': key });
    await desk.revoke(prefix);
    await eventually(() => isClosed(byKey), { timeoutMs: 1000 });
    const { cookie } = await desk.login({ user: 'u3' });
    const ofUser = await open('/api/closed/', { cookie });
    await desk.say({ users: ['u3'] });
    await eventually(() => isClosed(ofUser), { timeoutMs: 1000 });
  });

  it('closes what a plugin opened for the user', async () => {
    const login = await desk.login();
    const secrets = loadSecrets(gateway.config);
    const user = { kind: 'user', id: 'u1', name: 'Ada', roles: [], guards: [], session: login.hash } as const;
    const calls = await open('/api/called/', {
      authorization: `Bearer ${pluginToken(secrets, 'caller')}`,
      [IDENTITY_HEADER]: await new IdentityTokens(secrets).sign(user, 'caller'),
    });
    await desk.logout(login);
    await eventually(() => isClosed(calls), { timeoutMs: 1000 });
  });

  it('looks for all of them, however many there are', async () => {
    const access = new AccessRecords(() => desk.redis);
    const someone = { kind: 'user', id: 'u1', name: 'Ada', roles: [], guards: [] } as const;
    const users = Array.from({ length: 2500 }, (_, n) => ({ ...someone, session: `s${n}` }));
    const living = ['s0', 's1000', 's2499'];
    for (const session of living) await desk.redis.set(sessionKey(session), '{}');
    const ended = new Set(await access.ended(users));
    assert.deepEqual(
      users.filter((user) => !ended.has(user)).map(({ session }) => session),
      living,
    );
  });

  it('notices rights of a key that were taken away without a word', async () => {
    const { prefix, key } = await desk.key({ roles: ['admin'], guards: ['session', 'admin'] });
    const same = await desk.key({ roles: ['pilot'], guards: ['session'] });
    const [demoted, staying] = [
      await open('/api/closed/', { 'x-api-key': key }),
      await open('/api/closed/', { 'x-api-key': same.key }),
    ];
    const record = JSON.parse((await desk.redis.get(apiKeyKey(prefix))) ?? '') as object;
    await desk.redis.set(apiKeyKey(prefix), JSON.stringify({ ...record, roles: [] }));
    await eventually(() => isClosed(demoted));
    assert.ok(!isClosed(staying));
    staying.terminate();
  });

  it('ends streams of events, too', async () => {
    const login = await desk.login();
    const answer = await fetch(`${gateway.url}/api/closed/events`, { headers: { cookie: login.cookie } });
    const reader = answer.body!.getReader();
    assert.match(new TextDecoder().decode((await reader.read()).value), /first/);
    await desk.logout(login);
    await assert.rejects(reader.read());
  });

  it('notices ends that nobody announces: idle lives, and outages of Redis', async () => {
    const [idle, lost] = await Promise.all([desk.login(), desk.login()]);
    const idling = await open('/api/closed/', { cookie: idle.cookie });
    await desk.redis.pexpire(sessionKey(idle.hash), 1);
    await eventually(() => isClosed(idling));
    const losing = await open('/api/closed/', { cookie: lost.cookie });
    await redis.kill();
    await redis.resume({ empty: true });
    await eventually(() => isClosed(losing));
  });

  it('answers 503 to whom it cannot look up, and lets the rest pass, while Redis is away', async () => {
    await eventually(async () => (await desk.redis.ping().catch(() => '')) === 'PONG');
    const [seen, unseen] = await Promise.all([desk.login(), desk.login()]);
    const status = async (path: string, cookie: string): Promise<number> =>
      (await fetch(`${gateway.url}${path}`, { headers: { cookie } })).status;
    await eventually(async () => (await status('/api/closed/', seen.cookie)) === 200);
    await redis.kill();
    await eventually(async () => (await status('/api/closed/', unseen.cookie)) === 503);
    assert.equal(await status('/api/closed/', seen.cookie), 200);
    assert.equal(await status('/api/open/', unseen.cookie), 200);
    await redis.resume();
    await eventually(async () => (await status('/api/closed/', unseen.cookie)) === 200);
  });

  it('forgets what it knew as soon as Redis is back: changes meanwhile were not heard', async () => {
    const login = await desk.login();
    const status = async (): Promise<number> =>
      (await fetch(`${gateway.url}/api/closed/`, { headers: { cookie: login.cookie } })).status;
    await eventually(async () => (await status()) === 200);
    await redis.kill();
    await redis.resume({ empty: true });
    await eventually(async () => (await status()) === 401);
  });
});
