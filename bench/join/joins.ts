import { mintChannelId, signChannelToken } from '@plugmesh/shared/identity';
import type { TopicRule } from '@plugmesh/shared/mesh-document';
import { BenchChannel, type Feed } from '../support/bench-channel.ts';
import { JoinClients } from '../support/join-clients.ts';
import { markdownTable, median, percentile } from '../support/statistics.ts';

const SOCKETS = 1000;
const EACH = 10;
const PRESENCE_TOPICS = 20;

const OPEN = {
  plugin: 'mesh',
  join: 'public',
  push: 'public',
  envelope: false,
  overflow: 'disconnect',
} as const;
const RULES: readonly TopicRule[] = [
  { ...OPEN, pattern: 'plain-*', presence: false },
  { ...OPEN, pattern: 'present-*', presence: true },
];

interface Round {
  readonly perSecond: number;
  readonly cpu: number;
  readonly p99: number;
}

type Joins = readonly (readonly [string, object])[];

/** Joins of connected sockets, all at once. */
export async function joins(feed: Feed, rounds: number): Promise<string> {
  const channel = await BenchChannel.start(feed);
  const tokens = await tokensFor(channel);
  const kinds: Readonly<Record<string, (index: number) => Joins>> = {
    plain: (index) => topicsOf(index).map((topic) => [topic, {}]),
    'with tokens': (index) => topicsOf(index).map((topic) => [topic, { token: tokens.get(topic) }]),
    'with presence, 50 in a topic': (index) => [[`present-${index % PRESENCE_TOPICS}`, {}]],
  };
  try {
    await channel.useTopics(feed, RULES);
    const results = new Map<string, Round[]>(Object.keys(kinds).map((kind) => [kind, []]));
    for (let round = 0; round < rounds; round++)
      for (const [kind, its] of results) its.push(await measure(channel, kinds[kind]!));
    return markdownTable(
      [...results].map(([kind, its]) => ({
        joins: kind,
        'per second': Math.round(median(its.map(({ perSecond }) => perSecond))),
        'CPU each, µs': median(its.map(({ cpu }) => cpu)),
        'p99, all sent at once, ms': median(its.map(({ p99 }) => p99)),
      })),
    );
  } finally {
    await channel.process.stop();
  }
}

async function measure(channel: BenchChannel, joinsOf: (index: number) => Joins): Promise<Round> {
  const clients = new JoinClients();
  try {
    await clients.connect(`${channel.socketUrl}/websocket?vsn=2.0.0`, SOCKETS);
    const [before, started] = [channel.process.cpuMicros(), performance.now()];
    await clients.join(joinsOf);
    const seconds = (performance.now() - started) / 1000;
    const count = clients.latencies.length;
    const cpu = (channel.process.cpuMicros() - before) / count;
    return { perSecond: count / seconds, cpu, p99: percentile(clients.latencies, 0.99) };
  } finally {
    clients.close();
  }
}

/** Ten of a hundred topics, others for every socket. */
function topicsOf(index: number): string[] {
  return Array.from({ length: EACH }, (_, at) => `plain-${(index + at * 7) % 100}`);
}

async function tokensFor({ secrets }: BenchChannel): Promise<ReadonlyMap<string, string>> {
  const names = Array.from({ length: 100 }, (_, index) => `plain-${index}`);
  const token = (channel: string): Promise<string> =>
    signChannelToken(secrets, { channel, id: mintChannelId(secrets) }, 600_000);
  return new Map(await Promise.all(names.map(async (name) => [name, await token(name)] as const)));
}
