import type { Feed } from '../support/bench-channel.ts';
import { FanoutClients, message } from '../support/fanout-clients.ts';
import {
  cpuMicros,
  residentBytes,
  startChannel,
  startMesh,
  startNchan,
  startSocketIo,
  stop,
  type RealtimeServer,
} from '../support/realtime-servers.ts';
import { markdownTable, median, percentile } from '../support/statistics.ts';

const SOCKETS = 1000;
const BURST = 300;
const PACED = 150;
const PER_SECOND = 15;
const TOPIC = 'bench';

interface Round {
  readonly burstCpu: number;
  readonly burstPerSecond: number;
  readonly pacedCpu: number;
  readonly pacedP50: number;
  readonly pacedP99: number;
  readonly memory: number;
}

/** 1,000 sockets on one topic: a burst, and a steady pace at which nobody is saturated. */
export async function crowd(feed: Feed, rounds: number): Promise<string> {
  const started = [
    await startChannel(feed),
    await startMesh(feed),
    await startSocketIo(feed),
    await startNchan(),
  ];
  const servers = started.filter((server) => server !== undefined);
  const results = new Map<RealtimeServer, Round[]>(servers.map((server) => [server, []]));
  try {
    for (let round = 0; round < rounds; round++)
      for (const [server, its] of results) its.push(await measure(server));
  } finally {
    for (const server of servers) await stop(server);
  }
  const [, , socketIo] = started;
  const of = (server: RealtimeServer | undefined, key: keyof Round): number =>
    median((server && results.get(server))?.map((round) => round[key]) ?? []);
  return markdownTable(
    servers.map((server) => ({
      server: server.name,
      'burst: CPU per delivery, µs': of(server, 'burstCpu'),
      'burst: ratio to Socket.IO': of(server, 'burstCpu') / of(socketIo, 'burstCpu'),
      'burst: deliveries/s': Math.round(of(server, 'burstPerSecond')),
      'paced: CPU per delivery, µs': of(server, 'pacedCpu'),
      'paced: ratio': of(server, 'pacedCpu') / of(socketIo, 'pacedCpu'),
      'paced: p50, ms': of(server, 'pacedP50'),
      'paced: p99, ms': of(server, 'pacedP99'),
      'memory, MiB': of(server, 'memory'),
    })),
  );
}

async function measure(server: RealtimeServer): Promise<Round> {
  const clients = new FanoutClients();
  try {
    await clients.join(SOCKETS, () => server.dialect(TOPIC));
    const pacedCpu = await sendPaced(server, clients);
    const [pacedP50, pacedP99] = [percentile(clients.latencies, 0.5), percentile(clients.latencies, 0.99)];
    const [burstCpu, burstPerSecond] = await sendBurst(server, clients);
    return {
      burstCpu,
      burstPerSecond,
      pacedCpu,
      pacedP50,
      pacedP99,
      memory: residentBytes(server) / 2 ** 20,
    };
  } finally {
    clients.close();
  }
}

async function sendBurst(server: RealtimeServer, clients: FanoutClients): Promise<[number, number]> {
  const [before, started] = [cpuMicros(server), performance.now()];
  const arrived = clients.expect(BURST, 100);
  for (let n = 0; n < BURST; n++) server.publish(TOPIC, message(n));
  await arrived;
  const deliveries = BURST * SOCKETS;
  return [(cpuMicros(server) - before) / deliveries, deliveries / ((performance.now() - started) / 1000)];
}

async function sendPaced(server: RealtimeServer, clients: FanoutClients): Promise<number> {
  const before = cpuMicros(server);
  const arrived = clients.expect(PACED, 10);
  for (let n = 0; n < PACED; n++) {
    server.publish(TOPIC, message(n));
    await new Promise((resolve) => setTimeout(resolve, 1000 / PER_SECOND));
  }
  await arrived;
  return (cpuMicros(server) - before) / (PACED * SOCKETS);
}
