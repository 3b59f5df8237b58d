/**
 * What does the gateway cost beside other proxies?
 *
 *   node bench/proxy.ts [--requests 20000] [--connections 64] [--rounds 3] [--rate 1000]
 *
 * The same upstream and the same client for each; every proxy is one process. Each round measures all of them,
 * one after the other; the table shows the median of the rounds. CPU is the proxy process's own time.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, RedisServer } from '@plugmesh/shared/testing';
import { httpLoad } from './support/http-load.ts';
import { startNginx } from './support/nginx.ts';
import { ServerProcess } from './support/server-process.ts';
import { markdownTable, median, percentile } from './support/statistics.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    connections: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '3' },
    rate: { type: 'string', default: '1000' },
  },
});
const requests = Number(values.requests);
const connections = Number(values.connections);
const rate = Number(values.rate);

const PATH = '/api/bench/item';

async function startGateway(upstream: string, redisUrl: string): Promise<ServerProcess> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'plugmesh-bench-'));
  const file = join(folder, 'plugmesh.toml');
  await writeFile(
    file,
    `[core]\nmode = "production"\nlog_level = "error"\nredis_url = "${redisUrl}"\n` +
      `[gateway]\nport = ${port}\n[plugins.bench]\nurl = "${upstream}"\nguard = "public"\n`,
  );
  const env = { PLUGMESH_FILE: file };
  return ServerProcess.start('plugmesh gateway', [process.execPath, 'gateway/src/main.ts'], { port, env });
}

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

interface Round {
  cpuPerRequest: number;
  perSecond: number;
  p50: number;
  p99: number;
  pacedP99: number;
}

async function measure(server: ServerProcess, path: string): Promise<Round> {
  const origin = `http://127.0.0.1:${server.port}`;
  const before = server.cpuMicros();
  const full = await httpLoad({ origin, path, requests, connections });
  const cpuPerRequest = (server.cpuMicros() - before) / requests;
  const paced = await httpLoad({ origin, path, requests: rate * 3, connections, perSecond: rate });
  return {
    cpuPerRequest,
    perSecond: requests / full.seconds,
    p50: percentile(full.latencies, 0.5),
    p99: percentile(full.latencies, 0.99),
    pacedP99: percentile(paced.latencies, 0.99),
  };
}

const redis = await RedisServer.start();
const upstreamPort = await freePort();
const upstream = `http://127.0.0.1:${upstreamPort}`;
const origin = await ServerProcess.start('upstream alone', [process.execPath, 'bench/servers/upstream.ts'], {
  port: upstreamPort,
  env: { PORT: String(upstreamPort) },
});
const proxies = [
  await startGateway(upstream, redis.url),
  await startFastify(upstream),
  await startPlainNginx(upstream),
];
const servers = [origin, ...proxies.filter((server) => server !== undefined)];
const pathOf = (server: ServerProcess): string => (server === origin ? '/item' : PATH);

try {
  const rounds = new Map<ServerProcess, Round[]>(servers.map((server) => [server, []]));
  for (const server of servers) {
    await httpLoad({
      origin: `http://127.0.0.1:${server.port}`,
      path: pathOf(server),
      requests: 5000,
      connections,
    });
  }
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [server, results] of rounds) results.push(await measure(server, pathOf(server)));
  }
  const of = (server: ServerProcess, key: keyof Round): number =>
    median((rounds.get(server) ?? []).map((round) => round[key]));
  const reference = servers.find(({ name }) => name === '@fastify/http-proxy') ?? origin;
  console.log(
    `${requests} requests, ${connections} connections, ${values.rounds} rounds, ${cpus().length} cores\n`,
  );
  console.log(
    markdownTable(
      servers.map((server) => ({
        server: server.name,
        'CPU per request, µs': of(server, 'cpuPerRequest'),
        'ratio to @fastify/http-proxy': of(server, 'cpuPerRequest') / of(reference, 'cpuPerRequest'),
        'requests/s': Math.round(of(server, 'perSecond')),
        'p50, ms': of(server, 'p50'),
        'p99, ms': of(server, 'p99'),
        [`p99 at ${rate}/s, ms`]: of(server, 'pacedP99'),
      })),
    ),
  );
} finally {
  for (const server of servers.toReversed()) await server.stop();
  await redis.stop();
}
