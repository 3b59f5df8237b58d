import { setTimeout as delay } from 'node:timers/promises';
import type { Feed } from '../support/bench-channel.ts';
import { FanoutClients } from '../support/fanout-clients.ts';
import {
  cpuMicros,
  residentBytes,
  startChannel,
  startSocketIo,
  stop,
  type RealtimeServer,
} from '../support/realtime-servers.ts';
import { markdownTable } from '../support/statistics.ts';

const SOCKETS = 10_000;
const TOPICS = 100;
const WATCH_MS = 30_000;

/** 10,000 joined sockets on 100 topics, of whom nobody says anything but heartbeats. A new process each time. */
export async function idle(feed: Feed): Promise<string> {
  const rows = [await measure(await startChannel(feed)), await measure(await startSocketIo(feed))];
  return markdownTable(rows);
}

async function measure(server: RealtimeServer): Promise<Record<string, string | number>> {
  const clients = new FanoutClients();
  try {
    const empty = residentBytes(server);
    await clients.join(SOCKETS, (index) => server.dialect(`bench-${index % TOPICS}`));
    clients.beat();
    const before = cpuMicros(server);
    await delay(WATCH_MS);
    const share = (cpuMicros(server) - before) / 1000 / WATCH_MS;
    return {
      server: server.name,
      'memory for each socket, KiB': (residentBytes(server) - empty) / 1024 / SOCKETS,
      'of one core, %': share * 100,
    };
  } finally {
    clients.close();
    await stop(server);
  }
}
