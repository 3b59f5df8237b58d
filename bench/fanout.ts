/**
 * What does one message to many sockets cost?
 *
 *   node bench/fanout.ts [--sockets 1000] [--burst 300] [--paced 150] [--rate 15] [--rounds 3]
 *
 * Every server is one process, fed through the same Redis (nchan by HTTP, its own way). All messages are 200 bytes;
 * every client checks number, order and content of every frame. CPU is the server process's own time.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, RedisServer } from '@plugmesh/shared/testing';
import { Emitter } from '@socket.io/redis-emitter';
import { Redis } from 'ioredis';
import { type Dialect, FanoutClients, message } from './support/fanout-clients.ts';
import { startNginx } from './support/nginx.ts';
import { ServerProcess } from './support/server-process.ts';
import { markdownTable, median, percentile } from './support/statistics.ts';

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '1000' },
    burst: { type: 'string', default: '300' },
    paced: { type: 'string', default: '150' },
    rate: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '3' },
  },
});
const sockets = Number(values.sockets);
const burst = Number(values.burst);
const paced = Number(values.paced);
const rate = Number(values.rate);

/** A server under test, how its clients speak, and how a message is published to them. */
interface Contender {
  readonly server: ServerProcess;
  readonly dialect: Dialect;
  publish(text: string): void;
}

const redis = await RedisServer.start();
const publisher = new Redis(redis.url);

async function startChannel(): Promise<Contender> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'plugmesh-bench-'));
  const file = join(folder, 'plugmesh.toml');
  const undeclared = 'undeclared_topics = "public"';
  await writeFile(
    file,
    `[core]\nmode = "production"\nlog_level = "error"\nredis_url = "${redis.url}"\n[channel]\nport = ${port}\n${undeclared}\n`,
  );
  const server = await ServerProcess.start('plugmesh channel', [process.execPath, 'channel/src/main.ts'], {
    port,
    env: { PLUGMESH_FILE: file },
  });
  const dialect: Dialect = {
    url: `ws://127.0.0.1:${port}/socket/websocket?vsn=2.0.0`,
    hello: ['["1","1","bench","phx_join",{}]'],
    handshake: (frame) => frame.includes('"phx_reply"') && frame.includes('"ok"'),
    payload: (frame) => (frame.includes('"tick"') ? frame.slice(frame.indexOf('{'), -1) : undefined),
  };
  return { server, dialect, publish: (text) => void publisher.publish('to:bench:tick', text) };
}

async function startSocketIo(): Promise<Contender> {
  const port = await freePort();
  const server = await ServerProcess.start(
    'Socket.IO 4 + Redis adapter',
    [process.execPath, 'bench/servers/socket-io.ts'],
    { port, env: { PORT: String(port), REDIS_URL: redis.url, NODE_ENV: 'production' } },
  );
  const emitter = new Emitter(publisher);
  const dialect: Dialect = {
    url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
    hello: ['40'],
    handshake: (frame, send) => {
      if (frame.startsWith('40')) send('420["join","bench"]');
      return frame.startsWith('430');
    },
    payload: (frame) => (frame.startsWith('42["tick",') ? frame.slice('42["tick",'.length, -1) : undefined),
    answer: (frame) => (frame === '2' ? '3' : undefined),
  };
  return { server, dialect, publish: (text) => void emitter.to('bench').emit('tick', JSON.parse(text)) };
}

async function startNchan(): Promise<Contender | undefined> {
  const port = await freePort();
  const server = await startNginx(
    'nchan (nginx)',
    port,
    `server { listen 127.0.0.1:${port};
       location /sub { nchan_subscriber websocket; nchan_channel_id bench; nchan_subscriber_first_message newest; }
       location /pub { nchan_publisher http; nchan_channel_id bench; nchan_message_buffer_length 2000; } }`,
    { nchan: true },
  );
  if (!server) return undefined;
  let previous: Promise<unknown> = Promise.resolve();
  const dialect: Dialect = {
    url: `ws://127.0.0.1:${port}/sub`,
    hello: [],
    handshake: () => true,
    payload: (frame) => frame,
  };
  // One request after the other: nchan numbers messages as they arrive, and the clients check the order.
  const publish = (body: string): void => {
    previous = previous.then(async () =>
      (await fetch(`http://127.0.0.1:${port}/pub`, { method: 'POST', body })).arrayBuffer(),
    );
  };
  return { server, dialect, publish };
}

interface Round {
  burstCpu: number;
  burstPerSecond: number;
  pacedCpu: number;
  pacedP50: number;
  pacedP99: number;
  memory: number;
}

async function sendBurst(contender: Contender, clients: FanoutClients): Promise<[number, number]> {
  const before = contender.server.cpuMicros();
  const started = performance.now();
  const arrived = clients.expect(burst, 100);
  for (let n = 0; n < burst; n++) contender.publish(message(n));
  await arrived;
  const deliveries = burst * sockets;
  return [
    (contender.server.cpuMicros() - before) / deliveries,
    deliveries / ((performance.now() - started) / 1000),
  ];
}

async function sendPaced(contender: Contender, clients: FanoutClients): Promise<number> {
  const before = contender.server.cpuMicros();
  const arrived = clients.expect(paced, 10);
  for (let n = 0; n < paced; n++) {
    contender.publish(message(n));
    await new Promise((resolve) => setTimeout(resolve, 1000 / rate));
  }
  await arrived;
  return (contender.server.cpuMicros() - before) / (paced * sockets);
}

async function measure(contender: Contender): Promise<Round> {
  const clients = new FanoutClients();
  try {
    await clients.join(contender.dialect, sockets);
    const pacedCpu = await sendPaced(contender, clients);
    const [pacedP50, pacedP99] = [percentile(clients.latencies, 0.5), percentile(clients.latencies, 0.99)];
    const [burstCpu, burstPerSecond] = await sendBurst(contender, clients);
    const memory = contender.server.residentBytes() / 1024 ** 2;
    return { burstCpu, burstPerSecond, pacedCpu, pacedP50, pacedP99, memory };
  } finally {
    clients.close();
  }
}

const started = [await startChannel(), await startSocketIo(), await startNchan()];
const contenders = started.filter((contender) => contender !== undefined);

try {
  const rounds = new Map<Contender, Round[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [contender, results] of rounds) results.push(await measure(contender));
  }
  const of = (contender: Contender | undefined, key: keyof Round): number =>
    median((contender && rounds.get(contender))?.map((round) => round[key]) ?? []);
  const socketIo = contenders[1];
  console.log(
    `${sockets} sockets, burst of ${burst}, ${paced} messages at ${rate}/s, ${values.rounds} rounds, ${cpus().length} cores\n`,
  );
  console.log(
    markdownTable(
      contenders.map((contender) => ({
        server: contender.server.name,
        'burst: CPU per delivery, µs': of(contender, 'burstCpu'),
        'burst: ratio to Socket.IO': of(contender, 'burstCpu') / of(socketIo, 'burstCpu'),
        'burst: deliveries/s': Math.round(of(contender, 'burstPerSecond')),
        'paced: CPU per delivery, µs': of(contender, 'pacedCpu'),
        'paced: ratio': of(contender, 'pacedCpu') / of(socketIo, 'pacedCpu'),
        'paced: p50, ms': of(contender, 'pacedP50'),
        'paced: p99, ms': of(contender, 'pacedP99'),
        'memory, MiB': of(contender, 'memory'),
      })),
    ),
  );
} finally {
  for (const { server } of contenders) await server.stop();
  publisher.disconnect();
  await redis.stop();
}
