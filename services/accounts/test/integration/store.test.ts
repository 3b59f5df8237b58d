import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashCredential } from '@plugmesh/shared/access';
import { PostgresServer } from '@plugmesh/shared/testing';
import { openStore, type Store } from '../../src/store/store.ts';

const HOUR_MS = 3_600_000;

/** What holds for the store whatever database is below it; `reopen` is another process on the same data. */
function describeStore(
  title: string,
  url: () => Promise<{ url: string | undefined; stop(): Promise<void> }>,
) {
  describe(`the store on ${title}`, function () {
    this.timeout(60_000);
    let place: { url: string | undefined; stateDir: string };
    let stop: () => Promise<void>;
    let store: Store;

    before(async () => {
      const server = await url();
      stop = () => server.stop();
      place = { url: server.url, stateDir: await mkdtemp(join(tmpdir(), 'plugmesh-accounts-')) };
      store = await openStore(place);
    });
    after(async () => {
      await store.close();
      await stop();
      await rm(place.stateDir, { recursive: true, force: true });
    });

    it('is empty at first, and finds users by name in any letter case', async () => {
      assert.equal(await store.users.isEmpty(), true);
      const ada = await store.users.create('Ada', ['admin', 'admin', 'crew']);
      assert.equal(await store.users.isEmpty(), false);
      assert.deepEqual(ada?.roles, ['admin', 'crew']);
      assert.equal(ada.state, 'active');
      assert.deepEqual(await store.users.findByName('aDA'), ada);
      assert.deepEqual(await store.users.find(ada.id), ada);
      assert.equal(await store.users.findByName('nobody'), undefined);
    });

    it('lets one name be taken once, also by two at the same time', async () => {
      const both = await Promise.all([store.users.create('Grace', []), store.users.create('grace', [])]);
      assert.equal(both.filter((user) => user !== undefined).length, 1);
      // One letter, or two that look like it.
      assert.ok(await store.users.create('Ren\u00e9', []));
      assert.equal(await store.users.create('Rene\u0301', []), undefined);
      assert.equal((await store.users.list()).length, 3);
    });

    it('ends sessions with every change, each time later than before', async () => {
      const { id } = (await store.users.findByName('grace'))!;
      const now = Date.now();
      const changes = [
        await store.users.change(id, { roles: ['crew'] }, now),
        await store.users.change(id, { state: 'revoked' }, now),
        await store.users.change(id, {}, now - HOUR_MS),
      ];
      assert.deepEqual(
        changes.map(({ sessionsFrom }) => sessionsFrom - now),
        [1, 2, 3],
      );
      assert.deepEqual(changes[2]!.roles, ['crew']);
      assert.equal(changes[2]!.state, 'revoked');
      assert.deepEqual(
        (await store.users.endedSince(now)).map(({ name }) => name.toLowerCase()),
        ['grace'],
      );
      assert.deepEqual(await store.users.endedSince(now + HOUR_MS), []);
    });

    it('renews a user who is as we know one, once, and nobody who was revoked', async () => {
      const known = (await store.users.create('Linus', []))!;
      const both = await Promise.all([store.users.renew(known), store.users.renew(known)]);
      const renewed = both.filter((user) => user !== undefined);
      assert.equal(renewed.length, 1);
      assert.ok(renewed[0]!.sessionsFrom > known.sessionsFrom);
      const revoked = await store.users.change(known.id, { state: 'revoked' });
      assert.equal(await store.users.renew(revoked), undefined);
    });

    it('makes several changes as one, or none of them', async () => {
      const { id, roles } = (await store.users.findByName('linus'))!;
      const work = store.atOnce(async ({ users, secrets }) => {
        await users.change(id, { roles: ['crew'] });
        await secrets.setPassword(id, 'hash');
        throw new Error('no');
      });
      await assert.rejects(work, /no/);
      assert.deepEqual((await store.users.find(id))?.roles, roles);
      assert.equal(await store.secrets.passwordHash(id), undefined);
    });

    it('keeps one password per user, and forgets it', async () => {
      const { id } = (await store.users.findByName('ada'))!;
      assert.equal(await store.secrets.hasPasswords(), false);
      await store.secrets.setPassword(id, 'first');
      await store.secrets.setPassword(id, 'second');
      assert.equal(await store.secrets.passwordHash(id), 'second');
      assert.equal(await store.secrets.hasPasswords(), true);
      await store.secrets.forgetPassword(id);
      assert.equal(await store.secrets.passwordHash(id), undefined);
    });

    it('gives a link to whoever comes first, until it ends or is replaced', async () => {
      const { id } = (await store.users.findByName('ada'))!;
      const now = Date.now();
      const replaced = await store.secrets.createLink(id, now + HOUR_MS);
      const link = await store.secrets.createLink(id, now + HOUR_MS);
      assert.equal(await store.secrets.takeLink(replaced), undefined);
      assert.equal(await store.secrets.linkOwner(link), id);
      const taken = await Promise.all([store.secrets.takeLink(link), store.secrets.takeLink(link)]);
      assert.deepEqual(taken.filter(Boolean), [id]);
      const left = await store.secrets.createLink(id, now + HOUR_MS);
      await store.secrets.setPassword(id, 'another hash');
      assert.equal(await store.secrets.linkOwner(left), undefined);
      const late = await store.secrets.createLink(id, now + HOUR_MS);
      assert.equal(await store.secrets.takeLink(late, now + HOUR_MS), undefined);
    });

    it('keeps keys by their hash, and revokes one or all', async () => {
      const { id } = (await store.users.findByName('ada'))!;
      const wish = { name: 'CI', guards: ['key'], plugins: ['*'], endsAt: null } as const;
      const { apiKey, key } = await store.apiKeys.create(id, wish, 1000);
      assert.equal(apiKey.hash, hashCredential(key));
      assert.ok(key.startsWith(`pmk_${apiKey.prefix}_`));
      await store.apiKeys.create(id, { ...wish, name: 'later', endsAt: 5000 }, 2000);
      const names = async (): Promise<string[]> => (await store.apiKeys.ofUser(id)).map((each) => each.name);
      assert.deepEqual(await names(), ['later', 'CI']);
      assert.deepEqual(await store.apiKeys.revoke('someone else', apiKey.prefix), []);
      assert.equal((await store.apiKeys.revoke(id, apiKey.prefix)).length, 1);
      assert.equal((await store.apiKeys.revoke(id, apiKey.prefix)).length, 0);
      assert.deepEqual(await names(), ['later']);
      assert.equal((await store.apiKeys.revoke(id)).length, 1);
      assert.equal((await store.apiKeys.everyOf(id)).filter(({ revokedAt }) => revokedAt !== null).length, 2);
      assert.deepEqual(await store.apiKeys.owners(), [id]);
    });

    it('is there again for the next process, its tables as they were', async () => {
      const users = await store.users.list();
      const [second, third] = await Promise.all([openStore(place), openStore(place)]);
      assert.deepEqual(await second.users.list(), users);
      assert.deepEqual(await third.users.list(), users);
      await Promise.all([second.close(), third.close()]);
    });

    if (title === 'SQLite')
      it('lies in a folder of its own', async () => {
        assert.ok((await stat(join(place.stateDir, 'accounts.sqlite'))).isFile());
      });
  });
}

describeStore('SQLite', () => Promise.resolve({ url: undefined, stop: () => Promise.resolve() }));
if (PostgresServer.missing === undefined) describeStore('PostgreSQL', () => PostgresServer.start());
else
  it('keeps accounts on PostgreSQL', function () {
    console.error(`    SKIPPED the store on PostgreSQL: ${PostgresServer.missing ?? ''}`);
    this.skip();
  });
