import type { Feed } from '../support/bench-channel.ts';
import { FanoutClients, message } from '../support/fanout-clients.ts';
import {
  cpuMicros,
  startChannel,
  startSocketIo,
  stop,
  type RealtimeServer,
} from '../support/realtime-servers.ts';
import { markdownTable, median, percentile } from '../support/statistics.ts';

const TOPICS = 1000;
const SOCKETS_EACH = 10;
const PER_SECOND = 2000;
/** Messages for each topic. */
const MESSAGES = 10;
const TICK_MS = 10;

interface Round {
  readonly cpu: number;
  readonly share: number;
  readonly p50: number;
  readonly p99: number;
}

/** 1,000 topics with 10 sockets each, 2,000 messages a second spread over them. */
export async function topics(feed: Feed, rounds: number): Promise<string> {
  const servers = [await startChannel(feed), await startSocketIo(feed)];
  const results = new Map<RealtimeServer, Round[]>(servers.map((server) => [server, []]));
  try {
    for (let round = 0; round < rounds; round++)
      for (const [server, its] of results) its.push(await measure(server));
  } finally {
    for (const server of servers) await stop(server);
  }
  return markdownTable(
    servers.map((server) => {
      const of = (key: keyof Round): number => median(results.get(server)?.map((round) => round[key]) ?? []);
      return {
        server: server.name,
        'CPU per delivery, µs': of('cpu'),
        'of one core, %': of('share') * 100,
        'p50, ms': of('p50'),
        'p99, ms': of('p99'),
      };
    }),
  );
}

async function measure(server: RealtimeServer): Promise<Round> {
  const clients = new FanoutClients();
  try {
    await clients.join(TOPICS * SOCKETS_EACH, (index) => server.dialect(`bench-${index % TOPICS}`));
    const [before, started] = [cpuMicros(server), performance.now()];
    const arrived = clients.expect(MESSAGES);
    await publishEvenly(server);
    await arrived;
    const cpu = cpuMicros(server) - before;
    return {
      cpu: cpu / (TOPICS * SOCKETS_EACH * MESSAGES),
      share: cpu / 1000 / (performance.now() - started),
      p50: percentile(clients.latencies, 0.5),
      p99: percentile(clients.latencies, 0.99),
    };
  } finally {
    clients.close();
  }
}

async function publishEvenly(server: RealtimeServer): Promise<void> {
  const started = performance.now();
  for (let sent = 0; sent < TOPICS * MESSAGES;) {
    const due = Math.min(TOPICS * MESSAGES, ((performance.now() - started) * PER_SECOND) / 1000);
    for (; sent < due; sent++) server.publish(`bench-${sent % TOPICS}`, message(Math.floor(sent / TOPICS)));
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}
