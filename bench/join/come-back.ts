import { setTimeout as delay } from 'node:timers/promises';
import { Socket, type Channel } from 'phoenix';
import { WebSocket } from 'ws';
import { BenchChannel, type Feed } from '../support/bench-channel.ts';
import { markdownTable, median } from '../support/statistics.ts';

const SOCKETS = 5000;
const TOPICS = 100;
const LOOK_MS = 10;

interface Round {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly stallMs: number;
}

/**
 * Official clients whose only channel process is killed, and started again: they come back as they do it by themselves.
 * The times have the start of the process in them, and the clients, all in one process, are part of what is slow.
 */
export async function comeBack(feed: Feed, rounds: number): Promise<string> {
  const results: Round[] = [];
  for (let round = 0; round < rounds; round++) results.push(await measure(feed));
  return markdownTable([
    {
      sockets: SOCKETS,
      'from the kill to the last join, s': median(results.map(({ seconds }) => seconds)),
      'CPU of the new process, s': median(results.map(({ cpuSeconds }) => cpuSeconds)),
      'longest stall of the event loop, ms': median(results.map(({ stallMs }) => stallMs)),
    },
  ]);
}

async function measure(feed: Feed): Promise<Round> {
  const channel = await BenchChannel.start(feed);
  const sockets: Socket[] = [];
  try {
    const channels = await connect(channel.socketUrl, sockets);
    const started = performance.now();
    await channel.process.stop('SIGKILL');
    await until(() => sockets.every((socket) => !socket.isConnected()));
    await channel.resume();
    await until(() => channels.every(({ state }) => state === 'joined'));
    const seconds = (performance.now() - started) / 1000;
    const cpuSeconds = channel.process.cpuMicros() / 1e6;
    const stallMs = (await channel.metric('nodejs_eventloop_lag_max_seconds')) * 1000;
    return { seconds, cpuSeconds, stallMs };
  } finally {
    for (const socket of sockets) socket.disconnect();
    await channel.process.stop();
  }
}

async function connect(url: string, sockets: Socket[]): Promise<Channel[]> {
  const channels: Channel[] = [];
  while (sockets.length < SOCKETS) {
    for (let index = 0; index < 100; index++) {
      const socket = new Socket(url, { transport: WebSocket });
      sockets.push(socket);
      socket.connect();
      const channel = socket.channel(`bench-${index % TOPICS}`);
      channel.join();
      channels.push(channel);
    }
    await until(() => channels.every(({ state }) => state === 'joined'));
  }
  return channels;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it did not come true within two minutes');
    await delay(LOOK_MS);
  }
}
