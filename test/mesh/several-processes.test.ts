import assert from 'node:assert/strict';
import { once } from 'node:events';
import { loadSecrets, operatorToken } from '@plugmesh/shared/identity';
import { meshPorts, redisUrlOf } from '@plugmesh/shared/processes';
import { eventually } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { LongPoll, Socket } from 'phoenix';
import { WebSocket } from 'ws';
import { plugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

describe('two gateways and two channels on one port each', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let authorization: string;

  before(async () => {
    const env = { PLUGMESH__GATEWAY__INSTANCES: '2', PLUGMESH__CHANNEL__INSTANCES: '2' };
    const plugins = { ships: plugin('ships', "server((req, res) => res.end('ships'));") };
    mesh = await TestMesh.create({ env, plugins });
    await mesh.up();
    authorization = `Bearer ${operatorToken(loadSecrets(mesh.config))}`;
  });
  after(() => mesh.remove());

  /** A connection of its own each time, so that the next process takes it. */
  const get = async (path: string): Promise<string> => {
    const response = await fetch(`${mesh.origin}${path}`, {
      headers: { authorization, connection: 'close' },
    });
    assert.equal(response.status, 200);
    return response.text();
  };

  const pids = async (name: string): Promise<number[]> =>
    (await mesh.runningProcesses()).filter((each) => each.name === name).map(({ pid = 0 }) => pid);

  it('serves from both gateways', async () => {
    const seen = new Set<string>();
    await eventually(async () => {
      seen.add(/pid="(\d+)"/.exec(await get('/metrics'))?.[1] ?? '');
      return seen.size === 2;
    });
  });

  it('tells the operator how both gateways see an instance', async () => {
    interface Answer {
      plugins: { id: string; instances: { traffic?: { gateways: object } }[] }[];
    }
    await eventually(
      async () => {
        const { plugins } = JSON.parse(await get('/mesh/plugins')) as Answer;
        const ships = plugins.find(({ id }) => id === 'ships');
        assert.deepEqual(ships?.instances[0]?.traffic?.gateways, { healthy: 2 });
        return true;
      },
      { timeoutMs: 20_000 },
    );
  });

  it('goes on while one gateway is killed', async () => {
    const [first = 0] = await eventually(async () => {
      const both = await pids('gateway');
      return both.length === 2 && both;
    });
    process.kill(first, 'SIGKILL');
    await eventually(async () => (await pids('gateway')).every((pid) => pid > 0 && pid !== first), {
      timeoutMs: 20_000,
    });
    for (let n = 0; n < 20; n++) await get('/readyz');
  });

  it('reaches the sockets of both channel processes with one message', async () => {
    const sockets = await Promise.all(Array.from({ length: 8 }, joined));
    const heard = sockets.map((socket) => once(socket, 'message') as Promise<[Buffer]>);
    const redis = new Redis(redisUrlOf(mesh.config, meshPorts(mesh.config, [])));
    await redis.publish('to:system:news', '{"n":1}');
    for (const [frame] of await Promise.all(heard)) {
      assert.equal(frame.toString(), '[null,null,"system","news",{"n":1}]');
    }
    redis.disconnect();
    for (const socket of sockets) socket.terminate();
  });

  it('serves long-poll through both gateways, whichever channel process a request reaches', async () => {
    const heard: unknown[] = [];
    const sockets = Array.from({ length: 6 }, () => {
      const socket = new Socket(`${mesh.origin.replace('http', 'ws')}/socket`, { transport: LongPoll });
      const system = socket.channel('system');
      system.on('polled', (payload) => heard.push(payload));
      socket.connect();
      system.join();
      return { socket, system };
    });
    await eventually(() => sockets.every(({ system }) => system.state === 'joined'), { timeoutMs: 20_000 });
    const redis = new Redis(redisUrlOf(mesh.config, meshPorts(mesh.config, [])));
    await redis.publish('to:system:polled', '{"n":1}');
    await eventually(() => heard.length === 6);
    redis.disconnect();
    for (const { socket } of sockets) socket.disconnect();
  });

  async function joined(): Promise<WebSocket> {
    const socket = new WebSocket(`${mesh.origin.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`);
    await once(socket, 'open');
    socket.send('["1","1","system","phx_join",{}]');
    await new Promise<void>((resolve) => {
      socket.on('message', function listen(frame: Buffer) {
        // The state of an unwatched topic is the last thing that a join brings.
        if (!frame.includes('presence_state')) return;
        socket.off('message', listen);
        resolve();
      });
    });
    return socket;
  }
});
