import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parseApiKey, parseSession, hashCredential } from '@plugmesh/shared/access';
import { createLog } from '@plugmesh/shared/log';
import { Subscription } from '@plugmesh/shared/redis';
import { eventually } from '@plugmesh/shared/testing';
import { AccountsProcess, loginOf, secretIn, type Login } from '../support/accounts-process.ts';

const PASSWORD = 'a horse, a battery and a staple';
const OTHER = 'quite another phrase than that';
const log = createLog({ name: 'test', level: 'silent' });

describe('accounts', function () {
  this.timeout(60_000);
  let accounts: AccountsProcess;
  let admin: Login;
  let listener: Subscription;
  const changes: string[] = [];

  before(async () => {
    accounts = await AccountsProcess.start();
    listener = new Subscription({
      redisUrl: accounts.redis.url,
      name: 'listener',
      log,
      channels: ['plugmesh:access'],
      onMessage: (_channel, payload) => void changes.push(payload.toString()),
    });
    await listener.start();
  });
  after(async () => {
    await listener.stop();
    await accounts.stop();
  });

  /** A user with a password, made by the operator. */
  const newUser = async (name: string, roles: string[] = []): Promise<Login> => {
    const { status, body } = await accounts.send('POST', '/v1/users', {
      operator: true,
      body: { name, roles },
    });
    assert.equal(status, 201, JSON.stringify(body));
    return accounts.login({ link: secretIn(body.link), password: PASSWORD });
  };
  const told = (text: string): Promise<unknown> =>
    eventually(() => changes.some((each) => each.includes(text)));

  it('has a first administrator, whose link is in a file for the owner alone and nowhere else', async () => {
    const { name, link, endsAt } = await accounts.firstLink();
    assert.equal(name, 'admin');
    assert.ok(endsAt > Date.now());
    assert.equal((await stat(accounts.firstLinkFile)).mode & 0o777, 0o600);
    assert.ok(!accounts.output.includes(link));
    assert.equal(
      (await accounts.send('POST', '/v1/login', { body: { name, password: PASSWORD } })).status,
      401,
    );
  });

  it('gives a new link with each start, until somebody has a password', async () => {
    const { link: first } = await accounts.firstLink();
    await accounts.pause();
    await accounts.resume();
    const { link } = await accounts.firstLink();
    assert.notEqual(link, first);
    assert.equal(
      (await accounts.send('POST', '/v1/link', { body: { link: first, password: PASSWORD } })).status,
      401,
    );
    const short = await accounts.send('POST', '/v1/link', { body: { link, password: 'short' } });
    assert.equal(short.status, 400, 'a password that does not fit costs nobody the link');
    admin = await accounts.login({ link, password: PASSWORD });
    assert.deepEqual([admin.name, admin.roles], ['admin', ['admin']]);
    assert.ok(!existsSync(accounts.firstLinkFile));
    assert.equal((await accounts.send('POST', '/v1/link', { body: { link, password: OTHER } })).status, 401);
    await accounts.pause();
    await accounts.resume();
    assert.ok(!existsSync(accounts.firstLinkFile));
  });

  it('logs in with a cookie that scripts cannot read, and keeps only its hash', async () => {
    const answer = await accounts.send('POST', '/v1/login', { body: { name: 'ADMIN', password: PASSWORD } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const [cookie = ''] = answer.headers.getSetCookie();
    assert.match(cookie, /^plugmesh-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    const login = loginOf(answer);
    const record = parseSession(
      (await accounts.connection.get(`plugmesh:session:${hashCredential(login.cookie)}`))!,
    );
    assert.deepEqual([record?.user, record?.name, record?.roles], [admin.user, 'admin', ['admin']]);
    const ttl = await accounts.connection.pttl(`plugmesh:session:${hashCredential(login.cookie)}`);
    assert.ok(ttl > 0 && ttl <= record!.idleMs);
    const keys = await accounts.connection.keys('*');
    assert.ok(!keys.some((key) => key.includes(login.cookie)));
  });

  it('says __Host- and Secure when the client came by https', async () => {
    const headers = { 'x-forwarded-proto': 'https' };
    const body = { name: 'admin', password: PASSWORD };
    const [cookie = ''] = (
      await accounts.send('POST', '/v1/login', { body, headers })
    ).headers.getSetCookie();
    assert.match(cookie, /^__Host-plugmesh-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });

  it('gives a new session with each login, and ends the one that was there', async () => {
    const first = await accounts.login({ name: 'admin', password: PASSWORD });
    const again = await accounts.send('POST', '/v1/login', {
      as: first,
      body: { name: 'admin', password: PASSWORD },
    });
    assert.notEqual(loginOf(again).cookie, first.cookie);
    assert.equal(await accounts.isAlive(first), false);
    assert.equal(await accounts.isAlive(loginOf(again)), true);
  });

  it('answers alike to a wrong password, an unknown name and somebody revoked', async () => {
    await newUser('gone');
    await accounts.send('POST', '/v1/users/gone/revoke', { operator: true });
    const bodies = [
      { name: 'admin', password: OTHER },
      { name: 'nobody', password: OTHER },
      { name: 'gone', password: PASSWORD },
    ];
    const answers = await Promise.all(bodies.map((body) => accounts.send('POST', '/v1/login', { body })));
    for (const { status, body } of answers) {
      assert.equal(status, 401);
      assert.deepEqual(body, answers[0]!.body);
    }
  });

  it('refuses names that no database could hold', async () => {
    for (const name of ['a\0', '\ud800', 'x'.repeat(65)]) {
      const { status } = await accounts.send('POST', '/v1/login', { body: { name, password: PASSWORD } });
      assert.equal(status, 400);
    }
    const body = { name: 'a\0', guards: ['key'], plugins: ['*'] };
    assert.equal((await accounts.send('POST', '/v1/keys', { as: admin, body })).status, 400);
  });

  it('counts attempts by name and address, before they are made', async () => {
    await newUser('target');
    const from = { 'x-forwarded-for': '192.0.2.7' };
    const attempt = (headers: Record<string, string>, password = OTHER): Promise<number> =>
      accounts
        .send('POST', '/v1/login', { body: { name: 'Target', password }, headers })
        .then(({ status }) => status);
    const statuses = await Promise.all(Array.from({ length: 12 }, () => attempt(from)));
    assert.deepEqual(
      [401, 429].map((status) => statuses.filter((each) => each === status).length),
      [10, 2],
    );
    assert.equal(await attempt(from, PASSWORD), 429, 'not even with the right one');
    const { headers } = await accounts.send('POST', '/v1/login', {
      body: { name: 'target', password: OTHER },
      headers: from,
    });
    const wait = Number(headers.get('retry-after'));
    assert.ok(wait > 800 && wait <= 900, 'for as long as attempts are counted');
    const other = { 'x-forwarded-for': '192.0.2.8, 192.0.2.7' };
    assert.equal(await attempt(other, PASSWORD), 200, 'from elsewhere, by the same proxy');
  });

  it('lets no single address lock somebody out, however often it tries', async () => {
    await newUser('stubborn');
    const attempt = (address: string, password: string): Promise<number> =>
      accounts
        .send('POST', '/v1/login', {
          body: { name: 'stubborn', password },
          headers: { 'x-forwarded-for': address },
        })
        .then(({ status }) => status);
    const tries = await Promise.all(Array.from({ length: 205 }, () => attempt('192.0.2.9', OTHER)));
    assert.equal(tries.filter((status) => status === 429).length, 195);
    assert.equal(await attempt('192.0.2.10', PASSWORD), 200);
  });

  it('tells who is logged in, with the XSRF token that the gateway hands on', async () => {
    const headers = { 'x-plugmesh-xsrf': 'token-of-the-gateway' };
    const { status, body } = await accounts.send('GET', '/v1/session', { as: admin, headers });
    assert.equal(status, 200);
    assert.equal(body.name, 'admin');
    assert.equal(body.xsrf, 'token-of-the-gateway');
    assert.equal((await accounts.send('GET', '/v1/session')).status, 401);
    const forged = { 'x-plugmesh-user': admin.user, 'x-plugmesh-roles': 'admin' };
    assert.equal((await accounts.send('GET', '/v1/users', { headers: forged })).status, 401);
  });

  it('logs out: the session is gone, its cookie is taken back, everybody is told', async () => {
    const login = await accounts.login({ name: 'admin', password: PASSWORD });
    const { status, headers } = await accounts.send('POST', '/v1/logout', { as: login });
    assert.equal(status, 204);
    assert.match(headers.getSetCookie()[0] ?? '', /^plugmesh-session=; .*Expires=Thu, 01 Jan 1970/);
    assert.equal(await accounts.isAlive(login), false);
    await told(hashCredential(login.cookie));
    assert.equal((await accounts.send('GET', '/v1/session', { as: login })).status, 401);
  });

  it('changes a password for whoever knows it, and ends every other session', async () => {
    const first = await newUser('carol');
    const second = await accounts.login({ name: 'carol', password: PASSWORD });
    const change = (current: string, password: string) =>
      accounts.send('POST', '/v1/password', { as: first, body: { current, password } });
    assert.equal((await change(OTHER, OTHER)).status, 401);
    assert.equal((await change(PASSWORD, 'carol carol')).status, 400);
    const changed = await change(PASSWORD, OTHER);
    assert.equal(changed.status, 200);
    assert.deepEqual([await accounts.isAlive(first), await accounts.isAlive(second)], [false, false]);
    assert.equal(await accounts.isAlive(loginOf(changed)), true);
    assert.equal(
      (await accounts.send('POST', '/v1/login', { body: { name: 'carol', password: PASSWORD } })).status,
      401,
    );
    assert.equal(
      (await accounts.send('POST', '/v1/login', { body: { name: 'carol', password: OTHER } })).status,
      200,
    );
  });

  it('lets administrators and the operator look after users, and nobody else', async () => {
    const dave = await newUser('dave', ['crew']);
    assert.equal((await accounts.send('GET', '/v1/users', { as: dave })).status, 403);
    const { body } = await accounts.send('GET', '/v1/users', { as: admin });
    const found = body.users.find(({ name }: { name: string }) => name === 'dave');
    assert.deepEqual([found.roles, found.state], [['crew'], 'active']);
    const taken = await accounts.send('POST', '/v1/users', { as: admin, body: { name: 'Dave' } });
    assert.deepEqual([taken.status, taken.body.code], [409, 'MESH_NAME_TAKEN']);
    for (const name of ['', '../x', 'a b', 'x'.repeat(65), '-a'])
      assert.equal(
        (await accounts.send('POST', '/v1/users', { as: admin, body: { name } })).status,
        400,
        name,
      );
    assert.equal(
      (await accounts.send('GET', '/v1/users/dave', { headers: { authorization: 'Bearer x' } })).status,
      401,
    );
  });

  it('ends sessions when roles change, and gives the new ones to the next', async () => {
    const erin = await newUser('erin', ['admin']);
    const { status } = await accounts.send('PATCH', '/v1/users/erin', {
      as: admin,
      body: { roles: ['crew'] },
    });
    assert.equal(status, 200);
    assert.equal(await accounts.isAlive(erin), false);
    await told(erin.user);
    assert.deepEqual((await accounts.login({ name: 'erin', password: PASSWORD })).roles, ['crew']);
  });

  it('revokes a user: sessions, keys and links end, and logging in does', async () => {
    const frank = await newUser('frank');
    const wish = { name: 'CI', guards: ['key'], plugins: ['*'] };
    const { body: key } = await accounts.send('POST', '/v1/keys', { as: frank, body: wish });
    assert.equal(await accounts.connection.exists(`plugmesh:key:${key.prefix}`), 1);
    const reset = await accounts.send('POST', '/v1/users/frank/reset', { operator: true });
    assert.equal(await accounts.isAlive(frank), false, 'a reset ends sessions');
    assert.equal(await accounts.connection.exists(`plugmesh:key:${key.prefix}`), 1, 'and leaves keys');
    assert.equal((await accounts.send('POST', '/v1/users/frank/revoke', { operator: true })).status, 200);
    assert.equal(await accounts.connection.exists(`plugmesh:key:${key.prefix}`), 0);
    await told(key.prefix);
    const link = secretIn(reset.body.link);
    assert.equal((await accounts.send('POST', '/v1/link', { body: { link, password: OTHER } })).status, 401);
  });

  it('makes keys that are shown once and kept as a hash, with guards, plugins and an end', async () => {
    const body = { name: 'deploy', guards: ['key', 'session'], plugins: ['system'], days: 30 };
    const made = await accounts.send('POST', '/v1/keys', { as: admin, body });
    assert.equal(made.status, 201);
    const { key, prefix, endsAt } = made.body;
    const record = parseApiKey((await accounts.connection.get(`plugmesh:key:${prefix}`))!);
    assert.deepEqual(record, {
      user: admin.user,
      name: 'admin',
      roles: ['admin'],
      hash: hashCredential(key),
      guards: ['key', 'session'],
      plugins: ['system'],
      endsAt,
    });
    await accounts.connection.hset('plugmesh:keys-used', prefix, 1_700_000_000_000);
    const { body: listed } = await accounts.send('GET', '/v1/keys', { as: admin });
    assert.equal(listed.keys[0].lastUsedAt, 1_700_000_000_000);
    assert.ok(!JSON.stringify(listed).includes(key));
    assert.equal((await accounts.send('DELETE', `/v1/keys/${prefix}`, { as: admin })).status, 204);
    assert.equal(await accounts.connection.exists(`plugmesh:key:${prefix}`), 0);
    assert.equal((await accounts.send('DELETE', `/v1/keys/${prefix}`, { as: admin })).status, 404);
  });

  it("lets nobody make a key that opens more than they may, or revoke another's", async () => {
    const grace = await newUser('grace');
    const wish = { name: 'x', guards: ['admin'], plugins: ['*'] };
    assert.equal((await accounts.send('POST', '/v1/keys', { as: grace, body: wish })).status, 403);
    const own = await accounts.send('POST', '/v1/keys', { as: admin, body: wish });
    assert.equal(own.status, 201);
    assert.equal((await accounts.send('DELETE', `/v1/keys/${own.body.prefix}`, { as: grace })).status, 404);
  });

  it('makes keys of others for the operator alone, and lists and revokes them for administrators', async () => {
    const eva = await newUser('eva', ['crew']);
    const path = '/v1/users/eva/keys';
    const body = { name: 'CI', guards: ['key'], plugins: ['*'], days: 2 };
    for (const as of [eva, admin, undefined]) {
      const { status } = await accounts.send('POST', path, { body, ...(as && { as }) });
      assert.equal(status, as ? 403 : 401);
    }
    const made = await accounts.send('POST', path, { operator: true, body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.ok(String(made.body.key).startsWith(`pmk_${made.body.prefix}`));
    assert.ok(made.body.endsAt > Date.now() + 86_400_000);
    assert.ok(!accounts.output.includes(made.body.key));
    const refused = { ...body, guards: ['admin'] };
    assert.equal((await accounts.send('POST', path, { operator: true, body: refused })).status, 403);
    for (const [method, where] of [
      ['GET', path],
      ['DELETE', `${path}/${made.body.prefix}`],
    ] as const)
      assert.equal((await accounts.send(method, where, { as: eva })).status, 403);
    const { body: list } = await accounts.send('GET', path, { as: admin });
    assert.deepEqual(
      list.keys.map(({ name, key }: { name: string; key?: string }) => [name, key]),
      [['CI', undefined]],
    );
    assert.equal((await accounts.send('DELETE', `${path}/${made.body.prefix}`, { as: admin })).status, 204);
    assert.equal((await accounts.send('DELETE', `${path}/${made.body.prefix}`, { as: admin })).status, 404);
    assert.equal((await accounts.send('GET', '/v1/users/nobody/keys', { operator: true })).status, 404);
    await accounts.send('POST', '/v1/users/eva/revoke', { operator: true });
    assert.equal((await accounts.send('POST', path, { operator: true, body })).status, 403);
  });

  it('writes keys again when Redis came back empty, and ends what was revoked while it was away', async () => {
    const heidi = await newUser('heidi');
    const wish = { name: 'CI', guards: ['key'], plugins: ['*'] };
    const { body: key } = await accounts.send('POST', '/v1/keys', { as: heidi, body: wish });
    await accounts.inStep();
    await accounts.connection.flushall();
    await eventually(() => accounts.connection.exists(`plugmesh:key:${key.prefix}`), { timeoutMs: 15_000 });

    const again = await accounts.login({ name: 'heidi', password: PASSWORD });
    await accounts.redis.kill();
    const { status, body } = await accounts.send('POST', '/v1/users/heidi/revoke', { operator: true });
    assert.deepEqual([status, body.code], [503, 'MESH_REDIS_UNAVAILABLE']);
    await accounts.redis.resume();
    await eventually(async () => !(await accounts.isAlive(again)), { timeoutMs: 15_000 });
    await eventually(async () => (await accounts.connection.exists(`plugmesh:key:${key.prefix}`)) === 0);
  });

  it('says nothing when it starts anew, and of a new key only that: what is open stays so', async () => {
    const ivan = await newUser('ivan');
    const wish = { name: 'CI', guards: ['key'], plugins: ['*'] };
    const makeKey = () => accounts.send('POST', '/v1/keys', { as: ivan, body: wish });
    const { body: first } = await makeKey();
    await told(first.prefix);
    await accounts.pause();
    await accounts.connection.del('accounts:written');
    changes.length = 0;
    await accounts.resume();
    await accounts.inStep();
    const { body: second } = await makeKey();
    await told(second.prefix);
    assert.deepEqual(
      changes.map((change) => JSON.parse(change) as unknown),
      [{ keys: [second.prefix] }],
    );
  });

  it('brings up what Redis has refused, as soon as it does not', async () => {
    const judy = await newUser('judy');
    const wish = { name: 'CI', guards: ['key'], plugins: ['*'] };
    const { body: key } = await accounts.send('POST', '/v1/keys', { as: judy, body: wish });
    await accounts.inStep();
    // It answers, and takes no writes.
    await accounts.connection.call('config', 'set', 'min-replicas-to-write', '1');
    const { status } = await accounts.send('POST', '/v1/users/judy/revoke', { operator: true });
    assert.equal(status, 503);
    assert.equal(await accounts.isAlive(judy), true);
    await accounts.connection.call('config', 'set', 'min-replicas-to-write', '0');
    await eventually(async () => !(await accounts.isAlive(judy)), { timeoutMs: 15_000 });
    await eventually(async () => (await accounts.connection.exists(`plugmesh:key:${key.prefix}`)) === 0);
  });

  it('describes its API', async () => {
    const { body } = await accounts.send('GET', '/openapi.json');
    assert.ok(body.paths['/v1/login'].post.requestBody);
    assert.equal(Object.keys(body.paths).length, 13);
  });
});
