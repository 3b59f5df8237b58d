import assert from 'node:assert/strict';
import { createLog } from '../../../src/log/index.ts';
import { PluginBus } from '../../../src/sdk/bus/plugin-bus.ts';
import { eventually, RedisServer } from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });

describe('the bus of a plugin', () => {
  let redis: RedisServer;
  let bus: PluginBus;

  before(async () => void (redis = await RedisServer.start()));
  after(() => redis.stop());
  beforeEach(async () => {
    bus = new PluginBus(redis.url, 'late', log);
    await bus.start();
    await bus.listen();
  });
  afterEach(() => bus.stop());

  it('hears what is subscribed while it runs, also when nothing was before', async () => {
    const heard: unknown[] = [];
    bus.subscribe('channel', 'from:late:tick', (message) => void heard.push(message.json()));
    bus.subscribe('pattern', 'from:later-*', (message) => void heard.push(message.json()));
    await eventually(async () => (await bus.connection.publish('from:late:tick', '1')) === 1);
    await eventually(async () => (await bus.connection.publish('from:later-x:tick', '2')) === 1);
    await eventually(() => heard.length === 2);
    assert.deepEqual(heard, [1, 2]);
    await bus.drain();
  });

  it('connects for nothing that is subscribed when it has drained', async () => {
    await bus.drain();
    bus.subscribe('channel', 'from:late:tick', () => undefined);
    await bus.drain();
    const clients = (await bus.connection.client('LIST')) as string;
    assert.doesNotMatch(clients, /late-subscriber/);
  });

  it('keeps nobody waiting for a Redis that says nothing, long before it gives the connection up', async () => {
    const { connection } = bus;
    assert.equal(await bus.publish('late', 'tick', 1), true);
    redis.signal('SIGSTOP');
    try {
      let wasCut = false;
      connection.once('close', () => (wasCut = true));
      assert.deepEqual([await bus.publish('late', 'tick', 2), wasCut], [false, false]);
    } finally {
      redis.signal('SIGCONT');
    }
    await eventually(() => bus.publish('late', 'tick', 3));
  });
});
