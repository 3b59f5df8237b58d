import assert from 'node:assert/strict';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { ChannelProcess, TOPICS } from '../support/channel-process.ts';
import { LobbyClient } from '../support/lobby-client.ts';
import { RawClient } from '../support/raw-client.ts';

const LEASE_MS = 2500;
const SETTINGS = `presence_lease = "${LEASE_MS}ms"`;

describe('presence across three processes', function () {
  this.timeout(60_000);
  let redis: RedisServer;
  let processes: ChannelProcess[];
  let clients: LobbyClient[];

  beforeEach(async () => {
    redis = await RedisServer.start();
    processes = await Promise.all([1, 2, 3].map(() => ChannelProcess.start(SETTINGS, redis)));
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await Promise.all(processes.map((each) => each.stop()));
    await redis.stop();
  });

  /** As many clients in each process, all of them joined. */
  async function joinEach(count: number): Promise<void> {
    clients = processes.flatMap((each) => Array.from({ length: count }, () => new LobbyClient(each)));
    await Promise.all(clients.map((client) => client.join()));
    await untilAllSee(clients.length);
  }

  /** Every client sees so many, and all of them the same. */
  async function untilAllSee(count: number, whom = clients): Promise<void> {
    const check = (): boolean => {
      for (const { seen } of whom) assert.equal(seen.length, count);
      for (const { seen } of whom) assert.deepEqual(seen, whom[0]!.seen);
      return true;
    };
    await eventually(check, { timeoutMs: 20_000 });
  }

  const forgetChanges = (): void => clients.forEach(({ changes }) => changes.splice(0));
  const allChanges = (): string[] => clients.flatMap(({ changes }) => changes);

  /** The lease has been renewed so often that whoever is thought dead is gone. */
  async function untilRenewed(times: number): Promise<void> {
    let renewals = 0;
    const record = await processes[0]!.listen('plugmesh:presence');
    await eventually(
      () => (renewals = record.messages.filter(([, payload]) => payload.includes('renew')).length) >= times,
      { timeoutMs: 20_000, what: `${times} renewals` },
    );
    record.stop();
    assert.ok(renewals >= times);
  }

  it('ends equal on every socket after random joins and leaves', async () => {
    const random = seeded(20_261_121);
    clients = Array.from({ length: 15 }, (_, index) => new LobbyClient(processes[index % 3]!));
    const joined = new Set<LobbyClient>();
    for (let round = 0; round < 40; round++) {
      const some = clients.filter(() => random() < 0.3);
      const steps = some.map((client) => {
        const leaves = joined.has(client);
        joined[leaves ? 'delete' : 'add'](client);
        return leaves ? client.leave() : client.join();
      });
      await Promise.all(steps);
    }
    await untilAllSee(joined.size, [...joined]);
    await Promise.all(clients.filter((client) => !joined.has(client)).map((client) => client.join()));
    await untilAllSee(15);
  });

  it('takes out the members of a process that was killed, and tells everybody once', async () => {
    await joinEach(3);
    const keys = clients.slice(6).map(({ seen }) => seen);
    assert.equal(keys.length, 3);
    const [gone, rest] = [clients.slice(6), clients.slice(0, 6)];
    forgetChanges();
    const killed = performance.now();
    await processes[2]!.kill();
    for (const client of gone) client.close();
    await untilAllSee(6, rest);
    assert.ok(performance.now() - killed < LEASE_MS + 1000, 'within the lease');
    await untilRenewed(12);
    for (const { changes } of rest) {
      assert.equal(changes.length, 3);
      assert.equal(new Set(changes).size, 3);
      assert.ok(changes.every((change) => change.startsWith('-')));
    }
    assert.equal(await processes[0]!.bus.scard('plugmesh:presence:nodes'), 2);
    await processes[2]!.resume();
    const late = new LobbyClient(processes[2]!);
    clients = [...rest, late];
    await late.join();
    await untilAllSee(7);
  });

  it('takes them out at once when a process stops', async () => {
    await joinEach(2);
    const [gone, rest] = [clients.slice(4), clients.slice(0, 4)];
    await processes[2]!.kill('SIGTERM');
    for (const client of gone) client.close();
    await untilAllSee(4, rest);
    assert.equal(await processes[0]!.bus.scard('plugmesh:presence:nodes'), 2);
  });

  for (const [what, restart] of Object.entries({
    'was killed and is back': async () => redis.resume(),
    'was away for longer than the lease': async () => {
      const back = performance.now() + LEASE_MS * 1.5;
      await eventually(() => performance.now() > back);
      await redis.resume();
    },
    'is back and empty': async () => {
      await redis.resume();
      await processes[0]!.bus.flushall();
    },
  })) {
    it(`nobody leaves or joins when Redis ${what}`, async () => {
      await joinEach(3);
      const before = clients[0]!.seen;
      forgetChanges();
      await redis.kill();
      await eventually(() => clients.every(({ isJoined }) => !isJoined));
      await restart();
      await Promise.all(processes.map((each) => each.useTopics(TOPICS)));
      await eventually(() => clients.every(({ isJoined }) => isJoined), { timeoutMs: 20_000 });
      await untilRenewed(27);
      await untilAllSee(9);
      assert.deepEqual(clients[0]!.seen, before);
      assert.deepEqual(allChanges(), []);
      assert.equal(await storedMembers(), 9, 'written again by their owners');
    });
  }

  it('nobody leaves or joins when Redis answers nobody for longer than the lease', async () => {
    await joinEach(2);
    forgetChanges();
    await processes[0]!.bus.call('CLIENT', 'PAUSE', String(LEASE_MS * 1.2), 'ALL');
    await untilRenewed(30);
    await untilAllSee(6);
    assert.deepEqual(allChanges(), []);
  });

  it('makes up what it missed when its connections to Redis are cut, again and again', async () => {
    const random = seeded(7);
    await joinEach(3);
    let cuts = 0;
    for (let round = 0; round < 20; round++) {
      const moving = clients.filter(() => random() < 0.4);
      cuts += (await Promise.all([cutPresence(), ...moving.map((client) => client.leave())]))[0];
      cuts += (await Promise.all([cutPresence(), ...moving.map((client) => client.join())]))[0];
    }
    assert.ok(cuts >= 6, 'all of them at least once');
    await untilAllSee(9);
    await eventually(async () => (await storedMembers()) === 9);
  });

  it('takes out who does not come back after an outage', async () => {
    await joinEach(2);
    const [gone, ...rest] = clients;
    await redis.kill();
    await eventually(() => clients.every(({ isJoined }) => !isJoined));
    gone!.close();
    await redis.resume();
    await untilAllSee(5, rest);
  });

  it('takes out who is there after an outage but does not join again, a lease later', async () => {
    await joinEach(1);
    const [idle, leaver] = await Promise.all([1, 2].map(() => RawClient.open(processes[0]!.socketUrl)));
    await Promise.all([idle!.join('lobby'), leaver!.join('lobby')]);
    await untilAllSee(5);
    await redis.kill();
    await eventually(() => clients.every(({ isJoined }) => !isJoined));
    await eventually(() => JSON.stringify(leaver!.frames).includes('phx_error'));
    leaver!.send(['j1', '2', 'lobby', 'phx_leave', {}]);
    await redis.resume();
    await eventually(() => clients.every(({ isJoined }) => isJoined), { timeoutMs: 20_000 });
    const back = performance.now();
    await untilAllSee(4);
    await untilAllSee(3);
    assert.ok(performance.now() - back > LEASE_MS / 2, 'not at once');
    for (const raw of [idle, leaver]) raw!.close();
  });

  it('holds out when a process stands still for longer than the lease', async () => {
    await joinEach(2);
    const before = clients[0]!.seen;
    const still = clients.slice(4);
    forgetChanges();
    process.kill(processes[2]!.pid, 'SIGSTOP');
    await untilAllSee(4, clients.slice(0, 4));
    process.kill(processes[2]!.pid, 'SIGCONT');
    await untilAllSee(6);
    assert.deepEqual(clients[0]!.seen, before, 'the same appearances as before');
    await untilRenewed(27);
    for (const { changes } of still) assert.deepEqual(changes, [], 'it does not think the others dead');
    for (const { changes } of clients.slice(0, 4)) assert.equal(changes.length, 4, 'two left, two joined');
  });

  it('leaves nothing in Redis', async () => {
    await joinEach(2);
    for (const client of clients) client.close();
    await eventually(async () => (await storedMembers()) === 0);
    await Promise.all(processes.map((each) => each.kill('SIGTERM')));
    assert.deepEqual(await processes[0]!.bus.keys('plugmesh:presence:*'), []);
  });

  /** Ends the connections that presence has, and nobody else's; answers how many there were. */
  async function cutPresence(): Promise<number> {
    const { bus } = processes[0]!;
    const list = (await bus.call('CLIENT', 'LIST')) as string;
    const ids = [...list.matchAll(/^id=(\d+) .*\bname=presence(-subscribe)?\b/gm)].map(([, id = '']) => id);
    await Promise.all(ids.map((id) => bus.call('CLIENT', 'KILL', 'ID', id).catch(() => undefined)));
    return ids.length;
  }

  async function storedMembers(): Promise<number> {
    const { bus } = processes[0]!;
    const keys = await bus.keys('plugmesh:presence:node:*');
    const sizes = await Promise.all(keys.map((key) => bus.hlen(key)));
    return sizes.reduce((sum, size) => sum + size - 1, 0);
  }
});

/** Random numbers from 0 to 1, the same ones each time (Park and Miller). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
