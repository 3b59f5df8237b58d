/**
 * What does the gateway cost beside other proxies?
 *
 *   node bench/proxy.ts [--requests 20000] [--connections 64] [--rounds 3] [--rate …]
 *
 * The same upstream and the same client for each; every proxy is one process, the gateway of both rows the same one. Each
 * round measures all of them, one after the other, as fast as they can and then at one rate for all: half of what the slowest
 * proxy has done in this round, or `--rate` a second. The table shows the median of the rounds. CPU is the proxy process's own
 * time.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { hashCredential, mintSecret, sessionKey, type SessionRecord } from '@plugmesh/shared/access';
import { freePort, RedisServer } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { startGateway } from './support/bench-gateway.ts';
import { httpLoad, type LoadResult } from './support/http-load.ts';
import { startNginx } from './support/nginx.ts';
import { ServerProcess } from './support/server-process.ts';
import { markdownTable, median, percentile } from './support/statistics.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    connections: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '3' },
    rate: { type: 'string' },
  },
});
const requests = Number(values.requests);
const connections = Number(values.connections);

/** One row of the table. */
interface Subject {
  readonly name: string;
  readonly server: ServerProcess;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
}

const PATH = '/api/bench/item';
const SESSION_MS = 3_600_000;
const WARM_UP = 5000;
const PACED_SECONDS = 3;

async function startFastify(upstream: string): Promise<ServerProcess> {
  const port = await freePort();
  const env = { PORT: String(port), UPSTREAM: upstream };
  return ServerProcess.start('@fastify/http-proxy', [process.execPath, 'bench/servers/fastify-proxy.ts'], {
    port,
    env,
  });
}

async function startPlainNginx(upstream: string): Promise<ServerProcess | undefined> {
  const port = await freePort();
  return startNginx(
    'nginx',
    port,
    `upstream u { server ${new URL(upstream).host}; keepalive 64; }
     server { listen 127.0.0.1:${port}; keepalive_requests 1000000;
       location /api/bench/ { proxy_pass http://u/; proxy_http_version 1.1; proxy_set_header Connection ""; } }`,
  );
}

/** Logs somebody in, as accounts does; answers the headers of a request. */
async function startSession(redisUrl: string): Promise<OutgoingHttpHeaders> {
  const redis = new Redis(redisUrl);
  const id = mintSecret();
  const now = Date.now();
  const times = { startedAt: now, endsAt: now + SESSION_MS, idleMs: SESSION_MS };
  const session: SessionRecord = { user: 'u1', name: 'ada', roles: ['admin'], ...times };
  await redis.set(sessionKey(hashCredential(id)), JSON.stringify(session), 'PX', SESSION_MS);
  redis.disconnect();
  return { cookie: `plugmesh-session=${id}` };
}

/** As fast as it can. */
interface FullLoad {
  readonly cpuPerRequest: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

interface Round extends FullLoad {
  /** The rate of `pacedP99`, the same for all of a round. */
  readonly pacedRate: number;
  readonly pacedP99: number;
}

function load({ server, path, headers }: Subject, count: number, perSecond?: number): Promise<LoadResult> {
  const origin = `http://127.0.0.1:${server.port}`;
  const pace = perSecond === undefined ? {} : { perSecond };
  return httpLoad({ origin, path, headers, requests: count, connections, ...pace });
}

async function measureFull(subject: Subject): Promise<FullLoad> {
  const before = subject.server.cpuMicros();
  const { latencies, seconds } = await load(subject, requests);
  return {
    cpuPerRequest: (subject.server.cpuMicros() - before) / requests,
    perSecond: requests / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

/** Half load for the slowest proxy: where queues say more about a proxy than about the client that fills them. */
function pacedRateOf(full: ReadonlyMap<Subject, FullLoad>): number {
  if (values.rate !== undefined) return Number(values.rate);
  const proxies = [...full].filter(([{ server }]) => server !== origin);
  return Math.round(Math.min(...proxies.map(([, { perSecond }]) => perSecond)) / 2);
}

async function playRound(subjects: readonly Subject[]): Promise<Map<Subject, Round>> {
  const full = new Map<Subject, FullLoad>();
  for (const subject of subjects) full.set(subject, await measureFull(subject));
  const pacedRate = pacedRateOf(full);
  const round = new Map<Subject, Round>();
  for (const [subject, result] of full) {
    const { latencies } = await load(subject, pacedRate * PACED_SECONDS, pacedRate);
    round.set(subject, { ...result, pacedRate, pacedP99: percentile(latencies, 0.99) });
  }
  return round;
}

const redis = await RedisServer.start();
const upstreamPort = await freePort();
const upstream = `http://127.0.0.1:${upstreamPort}`;
const origin = await ServerProcess.start('upstream alone', [process.execPath, 'bench/servers/upstream.ts'], {
  port: upstreamPort,
  env: { PORT: String(upstreamPort) },
});
const plugins =
  `[plugins.bench]\nurl = "${upstream}"\nguard = "public"\n` +
  `[plugins.closed]\nurl = "${upstream}"\nguard = "session"\n`;
const gateway = await startGateway(plugins, redis.url);
const fastify = await startFastify(upstream);
const nginx = await startPlainNginx(upstream);
const servers = [origin, gateway, fastify, ...(nginx ? [nginx] : [])];
const session = await startSession(redis.url);

const reference: Subject = { name: '@fastify/http-proxy', server: fastify, path: PATH, headers: {} };
const subjects: Subject[] = [
  { name: 'upstream alone', server: origin, path: '/item', headers: {} },
  { name: 'plugmesh gateway, public', server: gateway, path: PATH, headers: {} },
  { name: 'plugmesh gateway, session', server: gateway, path: '/api/closed/item', headers: session },
  reference,
  ...(nginx ? [{ name: 'nginx', server: nginx, path: PATH, headers: {} }] : []),
];

try {
  for (const subject of subjects) await load(subject, WARM_UP);
  const rounds: Map<Subject, Round>[] = [];
  while (rounds.length < Number(values.rounds)) rounds.push(await playRound(subjects));
  const of = (subject: Subject, key: keyof Round): number =>
    median(rounds.map((round) => round.get(subject)?.[key] ?? Number.NaN));
  console.log(
    `${requests} requests, ${connections} connections, ${values.rounds} rounds, ${cpus().length} cores\n`,
  );
  console.log(
    markdownTable(
      subjects.map((subject) => ({
        server: subject.name,
        'CPU per request, µs': of(subject, 'cpuPerRequest'),
        'ratio to @fastify/http-proxy': of(subject, 'cpuPerRequest') / of(reference, 'cpuPerRequest'),
        'requests/s': Math.round(of(subject, 'perSecond')),
        'p50, ms': of(subject, 'p50'),
        'p99, ms': of(subject, 'p99'),
        [`p99 at ${Math.round(of(reference, 'pacedRate'))}/s, ms`]: of(subject, 'pacedP99'),
      })),
    ),
  );
} finally {
  for (const server of servers.toReversed()) await server.stop();
  await redis.stop();
}
