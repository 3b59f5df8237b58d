import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@plugmesh/shared/database';
import { eventually, PostgresServer } from '@plugmesh/shared/testing';
import { sql, type Kysely } from 'kysely';
import type { Tables } from '../../src/store/tables.ts';
import { MIGRATIONS } from '../../src/store/migrations.ts';
import { ADA, ADMIN, BOB, EndpointsProcess, type Answer } from '../support/endpoints-process.ts';
import { PlainSystem } from '../support/plain-system.ts';
import { CODED } from '../support/types.ts';

const NEVER = (): Promise<never> => new Promise(() => undefined);
const CONNECTION = { kind: 'handshake', credentials: { word: 'open' } };
const TOKEN = { headers: { 'X-Word': 'open' } };

/** What holds whatever database is below it. */
function describeKilled(
  title: string,
  server: () => Promise<{ url: string | undefined; stop(): Promise<void> }>,
) {
  describe(`endpoints on ${title}, killed and started again`, function () {
    this.timeout(120_000);
    let endpoints: EndpointsProcess;
    let system: PlainSystem;
    let db: Kysely<Tables>;
    let stop: () => Promise<void>;
    let url: string | undefined;

    before(async () => {
      const database = await server();
      ({ url } = database);
      stop = () => database.stop();
      system = await PlainSystem.start();
      endpoints = await EndpointsProcess.start({ config: url === undefined ? {} : { database_url: url } });
      endpoints.mesh.types = [CODED];
      db = await openDatabase<Tables>({
        url,
        stateDir: endpoints.stateDir,
        name: 'endpoints',
        migrations: MIGRATIONS,
      });
    });
    beforeEach(() => {
      const { hooks } = endpoints.mesh;
      hooks.clear();
      endpoints.mesh.callouts.length = 0;
      hooks.set('coder/info', () => [200, {}]);
      hooks.set('coder/register', () => [200, {}]);
      hooks.set('coder/connect', () => [200, { token: TOKEN }]);
      hooks.set('coder/validate', () => [200, {}]);
      hooks.set('coder/update-metadata', () => [200, {}]);
    });
    afterEach(async () => {
      for (const { guid } of await all()) await send('DELETE', `/${guid}`, ADMIN);
    });
    after(async () => {
      await db.destroy();
      await endpoints.stop();
      system.stop();
      await stop();
    });

    const send = (method: string, where: string, as = ADMIN, body?: object): Promise<Answer> =>
      endpoints.send(method, `/v1/endpoints${where}`, { as, ...(body ? { body } : {}) });
    const register = (path = ''): Promise<Answer> =>
      send('POST', '', ADMIN, {
        type: 'coded',
        subType: 'ee',
        name: 'A system',
        url: `${system.url}${path}`,
      });
    const registered = async (path = ''): Promise<string> => (await register(path)).body.guid as string;
    const connect = (guid: string, as = ADA): Promise<Answer> =>
      send('POST', `/${guid}/connection`, as, CONNECTION);
    const all = async (): Promise<{ guid: string; name: string; connection: object | null }[]> =>
      (await send('GET', '', ADA)).body.endpoints;
    /** Ends the process while a request is on its way. */
    const killDuring = async (change: Promise<unknown>, stopped: () => Promise<unknown>): Promise<void> => {
      const cut = assert.rejects(change);
      await eventually(stopped, { timeoutMs: 10_000 });
      await endpoints.kill();
      await cut;
    };
    /** How many events there were, once all of them are published. */
    const published = async (): Promise<number> => {
      const waiting = db.selectFrom('events').select('id').where('published_at', 'is', null);
      await eventually(async () => (await waiting.execute()).length === 0, { timeoutMs: 15_000 });
      return (await endpoints.events()).length;
    };
    const keysInUse = async (): Promise<string[]> => {
      const rows = await db.selectFrom('connections').select('key_id').distinct().execute();
      return rows.map(({ key_id }) => key_id);
    };
    /** All that the database has, as one text. */
    const everything = async (): Promise<string> => {
      const rows = [
        await db.selectFrom('endpoints').selectAll().orderBy('guid').execute(),
        await db.selectFrom('connections').selectAll().orderBy('endpoint_guid').orderBy('user_id').execute(),
        await db.selectFrom('events').select(['id', 'event']).orderBy('id').execute(),
        await db.selectFrom('event_count').selectAll().execute(),
      ];
      return JSON.stringify(rows);
    };

    for (const hook of ['info', 'register'])
      it(`has registered nothing when it is killed while a type is asked '${hook}'`, async () => {
        const before = await everything();
        endpoints.mesh.hooks.set(`coder/${hook}`, NEVER);
        await killDuring(register(), () => Promise.resolve(endpoints.mesh.seen(hook).length > 0));
        await endpoints.resume();
        assert.equal(await everything(), before);
        endpoints.mesh.hooks.set(`coder/${hook}`, () => [200, {}]);
        assert.equal((await register()).status, 201);
      });

    for (const hook of ['connect', 'validate'])
      it(`has the connection from before when it is killed while a type is asked '${hook}'`, async () => {
        const guid = await registered();
        await connect(guid, BOB);
        const before = await everything();
        endpoints.mesh.hooks.set(`coder/${hook}`, NEVER);
        endpoints.mesh.callouts.length = 0;
        await killDuring(connect(guid, BOB), () => Promise.resolve(endpoints.mesh.seen(hook).length > 0));
        await endpoints.resume();
        assert.equal(await everything(), before);
        endpoints.mesh.hooks.set(`coder/${hook}`, () => [200, {}]);
        assert.equal((await send('POST', `/${guid}/connection/validate`, BOB)).status, 204);
      });

    it('leaves no way to an external system that a callout had', async () => {
      const left = async (): Promise<string[]> =>
        (await db.selectFrom('reaches').select('id').execute()).map(({ id }) => id);
      const before = await left();
      await connect(await registered());
      assert.ok(endpoints.mesh.seen('connect')[0]!.body.reach);
      // Those of processes that were killed end by themselves.
      assert.deepEqual(
        (await left()).filter((id) => !before.includes(id)),
        [],
      );
    });

    it('publishes what was committed before it was killed, once and in order', async () => {
      const from = await published();
      endpoints.redis.signal('SIGSTOP');
      try {
        const guid = await registered();
        assert.equal((await connect(guid)).status, 201);
        await endpoints.kill();
      } finally {
        endpoints.redis.signal('SIGCONT');
      }
      await endpoints.resume();
      await eventually(async () => (await endpoints.events()).length >= from + 2, { timeoutMs: 30_000 });
      await endpoints.kill();
      await endpoints.resume();
      await send('PATCH', `/${(await all())[0]!.guid}`, ADMIN, { name: 'Another' });
      await eventually(async () => (await endpoints.events()).length >= from + 3, { timeoutMs: 30_000 });
      const names = (await endpoints.events()).slice(from).map(({ event }) => event);
      assert.deepEqual(names, ['registered', 'connected', 'updated']);
    });

    it('is one with a second process on the same data', async () => {
      const twin = await endpoints.twin();
      try {
        const from = await published();
        const bodies = Array.from({ length: 6 }, (_, at) => ({
          ...{ type: 'coded', subType: 'ee', name: `System ${at}`, url: `${system.url}/${at}` },
        }));
        const answers = await Promise.all(
          bodies.flatMap((body) =>
            [endpoints, twin].map((each) => each.send('POST', '/v1/endpoints', { as: ADMIN, body })),
          ),
        );
        const statuses = answers.map(({ status }) => status).sort();
        assert.deepEqual(statuses, [...Array<number>(6).fill(201), ...Array<number>(6).fill(409)]);
        const { guid } = answers.find(({ status }) => status === 201)!.body;
        assert.equal((await connect(guid)).status, 201);
        const path = `/v1/endpoints/${guid}/connection/validate`;
        assert.equal((await twin.send('POST', path, { as: ADA })).status, 204);
        const events = await eventually(
          async () => {
            const found = (await endpoints.events()).slice(from);
            return found.length >= 7 && found;
          },
          { timeoutMs: 15_000 },
        );
        assert.deepEqual(
          events.map(({ event }) => event),
          [...Array<string>(6).fill('registered'), 'connected'],
        );
        const own = (await twin.send('GET', '/v1/events?limit=1000', { plugin: 'coder' })).body.events;
        const ids = own.map(({ id }: { id: number }) => id);
        assert.deepEqual(
          ids,
          ids.toSorted((a: number, b: number) => a - b),
        );
      } finally {
        await twin.leave();
      }
    });

    it('leaves no connection to what was unregistered', async () => {
      const guid = await registered();
      for (const as of [ADA, BOB]) await connect(guid, as);
      const connections = (): Promise<object[]> => db.selectFrom('connections').select('user_id').execute();
      assert.equal((await connections()).length, 2);
      await send('DELETE', `/${guid}`);
      assert.deepEqual(await connections(), []);
    });

    it('decrypts no secret that was moved to another row', async () => {
      const guid = await registered();
      await connect(guid, ADA);
      await connect(guid, BOB);
      const [first, second] = await db.selectFrom('connections').selectAll().execute();
      for (const [from, to] of [
        [first!, second!],
        [second!, first!],
      ] as const)
        await db
          .updateTable('connections')
          .set({ secret: from.secret })
          .where('user_id', '=', to.user_id)
          .execute();
      for (const as of [ADA, BOB]) {
        const { status, body } = await send('POST', `/${guid}/connection/validate`, as);
        assert.deepEqual([status, body.code], [409, 'MESH_ENDPOINT_EXPIRED']);
      }
    });

    it('puts everything under another key, while it is in use', async () => {
      const guid = await registered();
      for (const as of [ADA, BOB]) await connect(guid, as);
      const before = await keysInUse();
      const refusal = await endpoints.send('POST', '/v1/keys/rotate', { as: ADMIN });
      assert.deepEqual([refusal.status, refusal.body.code], [403, 'MESH_FORBIDDEN']);
      const { status, body } = await endpoints.send('POST', '/v1/keys/rotate', { operator: true });
      assert.deepEqual([status, body.connections, body.unreadable], [200, 2, 0]);
      assert.deepEqual(await keysInUse(), [body.key]);
      assert.notDeepEqual(before, [body.key]);
      for (const as of [ADA, BOB])
        assert.equal((await send('POST', `/${guid}/connection/validate`, as)).status, 204);
    });

    if (title === 'PostgreSQL') describeHeld();

    /** What only a database can show that lets a test hold one row while the process is in the middle of a change. */
    function describeHeld(): void {
      const isWaiting = async (): Promise<boolean> => {
        const query = sql<{
          n: number;
        }>`select count(*) as n from pg_stat_activity where wait_event_type = 'Lock'`;
        return Number((await query.execute(db)).rows[0]?.n) > 0;
      };
      /** As a server does that notices that nobody is there any more: it gives up what it was doing for the process. */
      const giveUp = sql`select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'`;
      const heldBy = async (statement: ReturnType<typeof sql>, work: () => Promise<void>): Promise<void> => {
        const transaction = await db.startTransaction().execute();
        try {
          await statement.execute(transaction);
          await work();
          await giveUp.execute(db);
          await eventually(async () => !(await isWaiting()));
        } finally {
          await transaction.rollback().execute();
        }
      };
      const changes: Readonly<Record<string, (guid: string) => Promise<Answer>>> = {
        registering: () => register('/other'),
        changing: (guid) => send('PATCH', `/${guid}`, ADMIN, { name: 'Another' }),
        connecting: (guid) => connect(guid, BOB),
        disconnecting: (guid) => send('DELETE', `/${guid}/connection`, ADA),
        unregistering: (guid) => send('DELETE', `/${guid}`, ADMIN),
      };
      for (const [what, change] of Object.entries(changes))
        it(`has done nothing when it is killed between ${what} and the event of it, and all of it the next time`, async () => {
          const guid = await registered();
          await connect(guid);
          const before = await everything();
          await heldBy(sql`update event_count set last = last`, () => killDuring(change(guid), isWaiting));
          await endpoints.resume();
          assert.equal(await everything(), before);
          assert.ok((await change(guid)).status < 300);
          assert.notEqual(await everything(), before);
        });

      for (const at of [0, 1, 2])
        it(`reads all credentials when it is killed while it puts number ${at + 1} of 3 under another key, and finishes the next time`, async () => {
          const guids = [await registered('/1'), await registered('/2'), await registered('/3')].sort();
          for (const guid of guids) await connect(guid);
          const keys = async (): Promise<number> => (await readdir(join(endpoints.stateDir, 'keys'))).length;
          const before = await keys();
          const rotate = (): Promise<Answer> => endpoints.send('POST', '/v1/keys/rotate', { operator: true });
          const row = sql`select 1 from connections where endpoint_guid = ${guids[at]} for update`;
          await heldBy(row, () => killDuring(rotate(), isWaiting));
          await endpoints.resume();
          const usedKeys = await keysInUse();
          assert.equal(usedKeys.length, at === 0 ? 1 : 2);
          for (const guid of guids)
            assert.equal((await send('POST', `/${guid}/connection/validate`, ADA)).status, 204);
          const { body } = await rotate();
          assert.deepEqual([body.connections, body.unreadable], [3 - at, 0]);
          assert.deepEqual(await keysInUse(), [body.key]);
          assert.equal(await keys(), before + 1);
        });
    }
  });
}

describeKilled('SQLite', () => Promise.resolve({ url: undefined, stop: () => Promise.resolve() }));
if (PostgresServer.missing === undefined) describeKilled('PostgreSQL', () => PostgresServer.start());
else
  it('keeps endpoints on PostgreSQL', function () {
    console.error(`    SKIPPED endpoints on PostgreSQL: ${PostgresServer.missing ?? ''}`);
    this.skip();
  });
