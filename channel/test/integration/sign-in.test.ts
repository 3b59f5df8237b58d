import assert from 'node:assert/strict';
import {
  ACCESS_CHANGE,
  apiKeyKey,
  hashCredential,
  sessionKey,
  type ApiKeyRecord,
} from '@plugmesh/shared/access';
import type { ClosedGuard, KnownIdentity, UserIdentity } from '@plugmesh/shared/identity';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { PollClient } from '../support/poll-client.ts';
import { RawClient } from '../support/raw-client.ts';

describe('who is behind a socket', function () {
  this.timeout(20_000);
  let channel: ChannelProcess;
  let counter = 0;

  before(async () => void (channel = await ChannelProcess.start('[channel.limits]\nidle = "4s"')));
  after(() => channel.stop());

  /** A user who has just signed in, with the record that is kept of that. */
  const signIn = async (guards: readonly ClosedGuard[] = ['key', 'session']): Promise<UserIdentity> => {
    const session = hashCredential(`session ${++counter}`);
    await channel.bus.set(sessionKey(session), '{}');
    const roles = guards.includes('admin') ? ['admin'] : [];
    return { kind: 'user', id: `user-${counter}`, name: 'Ann', roles, guards, session };
  };
  const headersFor = async (identity: KnownIdentity, audience = 'channel') => ({
    'x-plugmesh-identity': await channel.tokens.sign(identity, audience),
  });
  const open = async (identity: KnownIdentity): Promise<RawClient> =>
    RawClient.open(channel.socketUrl, [], { headers: await headersFor(identity) });
  const codeOf = async (client: RawClient, topic: string): Promise<unknown> => {
    client.send(['j', 'r', topic, 'phx_join', {}]);
    const answer = await client.answer();
    if (answer[4].status === 'error') return answer[4].response['code'];
    await client.next();
    return 'ok';
  };

  const everybody: readonly [string, () => Promise<KnownIdentity | undefined>, string, string][] = [
    ['nobody', () => Promise.resolve(undefined), 'MESH_UNAUTHORIZED', 'MESH_UNAUTHORIZED'],
    ['a user', () => signIn(), 'ok', 'MESH_FORBIDDEN'],
    ['an administrator', () => signIn(['key', 'session', 'admin']), 'ok', 'ok'],
    ['a user’s key that is no session', () => signIn(['key']), 'MESH_FORBIDDEN', 'MESH_FORBIDDEN'],
    [
      'the mesh’s key',
      () => Promise.resolve({ kind: 'key', id: 'gateway' }),
      'MESH_FORBIDDEN',
      'MESH_FORBIDDEN',
    ],
    ['a plugin', () => Promise.resolve({ kind: 'plugin', id: 'a' }), 'MESH_FORBIDDEN', 'MESH_FORBIDDEN'],
  ];
  it('opens the server API and the metrics to administrators, and writes down what they change', async () => {
    const ask = async (identity: KnownIdentity, path: string, body?: object): Promise<number> => {
      const init = body ? { method: 'POST', body: JSON.stringify(body) } : {};
      return (await fetch(`${channel.url}${path}`, { ...init, headers: await headersFor(identity) })).status;
    };
    const admin = await signIn(['key', 'session', 'admin']);
    assert.equal(await ask(admin, '/mesh/channel/topics'), 200);
    assert.equal(await ask(admin, '/metrics'), 200);
    assert.equal(await ask(admin, '/mesh/channel/disconnect', { user: 'nobody' }), 202);
    await eventually(() =>
      channel.output
        .split('\n')
        .some(
          (line) => line.includes('POST /mesh/channel/disconnect') && line.includes(`"user:${admin.id}"`),
        ),
    );
    for (const path of ['/mesh/channel/topics', '/metrics'])
      assert.equal(await ask(await signIn(), path), 403);
    const byPlugin = { kind: 'plugin', id: 'a', actingFor: admin } as const;
    assert.equal(await ask(byPlugin, '/mesh/channel/topics'), 403);
  });

  for (const [name, identityOf, ...expected] of everybody) {
    it(`decides what ${name} may join`, async () => {
      const identity = await identityOf();
      const client = identity ? await open(identity) : await RawClient.open(channel.socketUrl);
      const codes = [];
      for (const topic of ['members', 'admin']) codes.push(await codeOf(client, topic));
      assert.deepEqual(codes, expected);
      client.close();
    });
  }

  it('is nobody by a token for a plugin, of another mesh, or of the client’s own making', async () => {
    const ann = await signIn();
    const [, claims] = (await channel.tokens.sign(ann, 'channel')).split('.');
    for (const token of [await channel.tokens.sign(ann, 'ships'), `e30.${claims}.AA`, 'nonsense']) {
      const client = await RawClient.open(channel.socketUrl, [], {
        headers: { 'x-plugmesh-identity': token },
      });
      assert.equal(await codeOf(client, 'members'), 'MESH_UNAUTHORIZED');
      client.close();
    }
    const claiming = await RawClient.open(channel.socketUrl, [], { headers: { 'x-plugmesh-user': ann.id } });
    assert.equal(await codeOf(claiming, 'members'), 'MESH_UNAUTHORIZED');
    claiming.close();
  });

  it('is told to plugins by the user’s id, and never by a token', async () => {
    const bus = await channel.listen('from:*');
    const ann = await signIn();
    const client = await open(ann);
    await client.join('asked:1');
    client.send(['j1', '1', 'asked:1', 'say', {}]);
    const joined = JSON.parse((await bus.payload('from:asked:1:phx_join')).toString()) as object;
    const said = JSON.parse((await bus.payload('from:asked:1:say')).toString()) as { meta: object };
    for (const told of [joined, said.meta]) assert.equal((told as { user: unknown }).user, ann.id);
    client.close();
    await bus.payload('from:asked:1:phx_leave');
    for (const [, payload] of bus.messages) assert.ok(!payload.includes(ann.session ?? ''));
    bus.stop();
  });

  it('decides who gets a token', async () => {
    const mint = async (headers: Record<string, string>): Promise<number> => {
      const body = JSON.stringify({ channel: 'members' });
      return (await fetch(`${channel.url}/token`, { method: 'POST', body, headers })).status;
    };
    assert.equal(await mint({}), 401);
    assert.equal(await mint(await headersFor(await signIn())), 200);
    assert.equal(await mint(await headersFor(await signIn(['key']))), 403);
  });

  it('is the same over long-poll, and ends there too', async () => {
    const ann = await signIn();
    const client = await PollClient.open(channel.url, 'vsn=2.0.0', await headersFor(ann));
    await client.join('members');
    const poll = client.poll();
    await channel.bus.publish(ACCESS_CHANGE, JSON.stringify({ sessions: [ann.session] }));
    const { status, code } = await poll;
    assert.deepEqual([status, code], [500, 4401]);
  });

  const ends: readonly [string, (ann: UserIdentity) => object][] = [
    ['session', ({ session }) => ({ sessions: ['x', session] })],
    ['user', ({ id }) => ({ users: [id] })],
  ];
  for (const [what, change] of ends) {
    it(`ends with the ${what}, and others stay`, async () => {
      const [ann, bob] = [await signIn(), await signIn()];
      const clients = await Promise.all([open(ann), open(ann), open(bob)]);
      for (const client of clients) await client.join('members');
      for (const payload of ['{', '{}', '{"sessions":7}', JSON.stringify(change(ann))])
        await channel.bus.publish(ACCESS_CHANGE, payload);
      assert.equal(await clients[0].closed(), 4401);
      assert.equal(await clients[1].closed(), 4401);
      assert.deepEqual(await clients[2].rest(), []);
      clients[2].close();
    });
  }

  it('ends with the API key or when that opens less, and others stay', async () => {
    const guards: ClosedGuard[] = ['key', 'session'];
    const ann = { user: 'u', name: 'Ann', roles: [] };
    const record: ApiKeyRecord = {
      ...ann,
      hash: hashCredential('key'),
      guards,
      plugins: ['*'],
      endsAt: null,
    };
    const keep = (key: string, change: Partial<ApiKeyRecord> = {}) =>
      channel.bus.set(apiKeyKey(key), JSON.stringify({ ...record, ...change }));
    const joined = async (key: string): Promise<RawClient> => {
      await keep(key);
      const client = await open({ kind: 'user', id: 'u', name: 'Ann', roles: [], guards, key });
      await client.join('members');
      return client;
    };
    const [ended, narrowed, kept] = await Promise.all(['ended', 'narrowed', 'kept'].map(joined));
    await channel.bus.publish(ACCESS_CHANGE, JSON.stringify({ keys: ['ended'] }));
    assert.equal(await ended?.closed(), 4401);
    await keep('narrowed', { guards: ['key'] });
    assert.equal(await narrowed?.closed(), 4401);
    assert.deepEqual(await kept?.rest(), []);
    kept?.close();
  });

  it('ends when it comes too late, and when the session’s time is over', async () => {
    const gone = await signIn();
    await channel.bus.del(sessionKey(gone.session ?? ''));
    assert.equal(await (await open(gone)).closed(), 4401);
    const brief = await signIn();
    const client = await open(brief);
    await client.join('members');
    await channel.bus.del(sessionKey(brief.session ?? ''));
    assert.equal(await client.closed(), 4401);
  });

  it('ends by plugmesh:disconnect for a user or a session', async () => {
    const ann = await signIn();
    for (const order of [{ user: ann.id }, { session: ann.session, user: ann.id }]) {
      const client = await open(ann);
      await client.join('members');
      await channel.bus.publish('plugmesh:disconnect', JSON.stringify({ ...order, id: 'another' }));
      await channel.bus.publish('plugmesh:disconnect', JSON.stringify(order));
      assert.equal(await client.closed(), 1001);
    }
  });

  it('stays while Redis is away, and ends when that comes back without the session', async () => {
    const client = await open(await signIn());
    await channel.redis.kill();
    await eventually(async () => (await fetch(`${channel.url}/readyz`)).status === 503, {
      timeoutMs: 10_000,
    });
    assert.deepEqual(await client.rest(), []);
    await channel.redis.resume({ empty: true });
    assert.equal(await client.closed(), 4401);
  });
});
