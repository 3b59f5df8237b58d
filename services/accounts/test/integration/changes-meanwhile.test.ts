import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@plugmesh/shared/log';
import { closeRedis, connectRedis, type RedisConnection } from '@plugmesh/shared/redis';
import { RedisServer } from '@plugmesh/shared/testing';
import { FirstAdministrator } from '../../src/accounts/first-administrator.ts';
import { KeyKeeper } from '../../src/accounts/key-keeper.ts';
import { SignIn } from '../../src/accounts/sign-in.ts';
import { UserDesk, type UserDeskParts } from '../../src/accounts/user-desk.ts';
import { Passwords } from '../../src/passwords.ts';
import { Attempts } from '../../src/records/attempts.ts';
import { KeyRecords } from '../../src/records/key-records.ts';
import { RedisPart } from '../../src/records/redis-part.ts';
import { SessionRecords } from '../../src/records/session-records.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { secretIn } from '../support/accounts-process.ts';

const OLD = 'a horse, a battery and a staple';
const NEW = 'quite another phrase than that';
const HOUR_MS = 3_600_000;
const WRONG = { code: 'MESH_UNAUTHORIZED' };

/** Takes as long to hash a password as something else takes. */
class SlowPasswords extends Passwords {
  meanwhile: () => Promise<unknown> = () => Promise.resolve();

  override async hash(password: string): Promise<string> {
    const hash = await super.hash(password);
    await this.meanwhile();
    return hash;
  }
}

describe('what administrators do while a user is at it', () => {
  const passwords = new SlowPasswords(12);
  let server: RedisServer;
  let redis: RedisConnection;
  let store: Store;
  let stateDir: string;
  let parts: UserDeskParts;
  let desk: UserDesk;
  let keys: KeyKeeper;
  let signIn: SignIn;

  before(async () => {
    [server, stateDir] = await Promise.all([
      RedisServer.start(),
      mkdtemp(join(tmpdir(), 'plugmesh-accounts-')),
    ]);
    redis = connectRedis(server.url, { name: 'test', log: createLog({ name: 'test', level: 'silent' }) });
    store = await openStore({ url: undefined, stateDir });
    const part = new RedisPart({ redis, id: 'users', onFailure: () => undefined });
    const sessions = new SessionRecords(part, { idleMs: HOUR_MS, lifeMs: HOUR_MS });
    keys = new KeyKeeper(store, new KeyRecords(part));
    parts = { store, sessions, keys, linkMs: HOUR_MS };
    desk = new UserDesk(parts);
    const attempts = new Attempts(part);
    signIn = new SignIn({ store, passwords, sessions, attempts, onLinkUsed: () => undefined });
  });
  afterEach(() => void (passwords.meanwhile = () => Promise.resolve()));
  after(async () => {
    await closeRedis(redis);
    await store.close();
    await server.stop();
    await rm(stateDir, { recursive: true, force: true });
  });

  const sessionsLeft = (): Promise<number> => redis.keys('plugmesh:session:*').then(({ length }) => length);
  const attempt = (name: string, password: string) => ({ name, password, address: '192.0.2.1' });
  const deeds = {
    'a revocation': (name: string) => desk.revoke(name),
    'a reset': (name: string) => desk.reset(name),
  };

  for (const [what, act] of Object.entries(deeds)) {
    it(`leaves no session and no password when ${what} comes during a change of the password`, async () => {
      const name = `new-${what.at(-1)}`;
      const { link } = await desk.create(name, []);
      await signIn.byLink(secretIn(link.link), OLD);
      passwords.meanwhile = () => act(name);
      await assert.rejects(signIn.byNewPassword(attempt(name, OLD), NEW), WRONG);
      assert.equal(await sessionsLeft(), 0);
      if ((await desk.get(name)).state === 'revoked') await desk.reset(name);
      await assert.rejects(signIn.byPassword(attempt(name, NEW)), WRONG);
    });

    it(`leaves no session and no password when ${what} comes during the use of a link`, async () => {
      const name = `link-${what.at(-1)}`;
      const { user, link } = await desk.create(name, []);
      passwords.meanwhile = () => act(name);
      await assert.rejects(signIn.byLink(secretIn(link.link), NEW), WRONG);
      assert.equal(await sessionsLeft(), 0);
      assert.equal(await store.secrets.passwordHash(user.id), undefined);
    });
  }

  it('lets one of two use a link', async () => {
    const { link } = await desk.create('twins', []);
    const both = await Promise.allSettled([
      signIn.byLink(secretIn(link.link), OLD),
      signIn.byLink(secretIn(link.link), NEW),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  it('gives no session to somebody revoked, whatever led to it', async () => {
    const { user, link } = await desk.create('gone', []);
    await desk.revoke('gone');
    await assert.rejects(signIn.byLink(secretIn(link.link), OLD), WRONG);
    const later = await desk.link(user);
    await assert.rejects(signIn.byLink(secretIn(later.link), OLD), WRONG);
  });

  it('invites no first administrator who was revoked', async () => {
    const empty = await openStore({ url: undefined, stateDir: join(stateDir, 'empty') });
    const folder = join(stateDir, 'first');
    const first = new FirstAdministrator(empty, new UserDesk({ ...parts, store: empty }), folder);
    await first.invite();
    assert.ok(existsSync(join(folder, 'first-link.json')));
    const { id } = (await empty.users.findByName('admin'))!;
    await empty.users.change(id, { state: 'revoked' });
    await first.invite();
    assert.ok(!existsSync(join(folder, 'first-link.json')));
    await empty.close();
  });

  it('keeps no key that was being made during a revocation, not even for after a reset', async () => {
    const { user } = await desk.create('maker', []);
    await desk.revoke('maker');
    const wish = { name: 'CI', guards: ['key'], plugins: ['*'], endsAt: null } as const;
    await assert.rejects(keys.create(user, wish), WRONG);
    await desk.reset('maker');
    assert.deepEqual(await keys.list(user.id), []);
    assert.deepEqual(await redis.keys('plugmesh:key:*'), []);
  });

  it('has no keys of its own in Redis but below its id', async () => {
    const foreign = (await redis.keys('*')).filter((key) => !/^(users|plugmesh):/.test(key));
    assert.deepEqual(foreign, []);
  });
});
