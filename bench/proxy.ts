import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type AddressInfo } from 'node:net';
import { eventually, freePort } from '@plugmesh/shared/testing';

/**
 * What does one proxied request cost? The gateway beside @fastify/http-proxy and nginx: same upstream, same client,
 * same run, one server process each, 64 kept connections, a small JSON answer. Run: node bench/proxy.ts [seconds]
 */

const CONNECTIONS = 64;
const BODY = JSON.stringify({ id: 7, name: 'Mary Rose', lat: 50.8, lon: -1.1, tags: ['ship', 'museum'] });
const SECONDS = Number(process.argv[2] ?? 5);
const TICK_MS = 10; // USER_HZ is 100 on every Linux that Node runs on

interface Contender {
  readonly name: string;
  readonly port: number;
  readonly path: string;
  /** The process whose CPU time counts. */
  readonly pid: number;
  stop(): void;
}

interface Load {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds, sorted. */
  readonly latencies: Float64Array;
}

if (process.argv[2] === '--fastify') await serveFastify(Number(process.argv[3]), process.argv[4] ?? '');
else await main();

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plugmesh-bench-'));
  const upstream = createServer((_req, res) => {
    res
      .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) })
      .end(BODY);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const target = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const contenders = [
    await startGateway(folder, target),
    await startFastify(target),
    await startNginx(folder, target),
  ];
  try {
    await report(contenders);
  } finally {
    for (const each of contenders) each.stop();
    upstream.close();
    upstream.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function report(contenders: readonly Contender[]): Promise<void> {
  for (const each of contenders) await load(each, 1); // warm up: compilers and connections
  console.log(
    `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown'}, ${CONNECTIONS} connections, ${SECONDS} s each\n`,
  );
  console.log('| server | requests/s | CPU per request | of fastify | p50 | p99 |');
  console.log('|---|---:|---:|---:|---:|---:|');
  const rows = [];
  for (const contender of contenders) {
    const before = cpuMs(contender.pid);
    const result = await load(contender, SECONDS);
    rows.push({
      name: contender.name,
      ...result,
      cpu: ((cpuMs(contender.pid) - before) * 1000) / result.requests,
    });
  }
  const base = rows.find(({ name }) => name.includes('fastify'))?.cpu ?? 1;
  for (const { name, requests, seconds, cpu, latencies } of rows) {
    const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2);
    const rate = Math.round(requests / seconds);
    console.log(
      `| ${name} | ${rate} | ${cpu.toFixed(1)} µs | ${(cpu / base).toFixed(2)} | ${at(0.5)} ms | ${at(0.99)} ms |`,
    );
  }
}

/** User and system time that a process has used, from /proc/<pid>/stat (proc(5), fields 14 and 15). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Asks over kept connections as fast as answers come. Every body is compared and every answer counted. */
async function load({ port, path, name }: Contender, seconds: number): Promise<Load> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(Array.from({ length: CONNECTIONS }, () => connection(port, path, end, latencies, name)));
  const elapsed = (performance.now() - start) / 1000;
  return { requests: latencies.length, seconds: elapsed, latencies: Float64Array.from(latencies).sort() };
}

/** A bare-socket client: cheaper than the servers it measures. */
function connection(
  port: number,
  path: string,
  end: number,
  latencies: number[],
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1');
    const question = `GET ${path} HTTP/1.1\r\nHost: bench.test\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n`;
    let text = '';
    let asked = 0;
    const ask = (): void => {
      text = '';
      asked = performance.now();
      socket.write(question);
    };
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${name} closed a connection`)));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const body = text.indexOf('\r\n\r\n') + 4;
      if (body < 4 || text.length - body < BODY.length) return;
      if (!text.startsWith('HTTP/1.1 200 ') || text.slice(body) !== BODY) {
        reject(new Error(`${name} answered ${JSON.stringify(text)}`));
        return;
      }
      const now = performance.now();
      latencies.push(now - asked);
      if (now < end) ask();
      else {
        socket.removeAllListeners('close').destroy();
        resolve();
      }
    });
  });
}

async function startGateway(folder: string, target: string): Promise<Contender> {
  const file = join(folder, 'plugmesh.toml');
  const port = await freePort();
  const plugin = `[plugins.bench]\nurl = "${target}"\nguard = "public"\n`;
  writeFileSync(file, `[core]\nmode = "production"\n[gateway]\nport = ${port}\n${plugin}`);
  const main = new URL('../gateway/src/main.ts', import.meta.url).pathname;
  const child = start(process.execPath, [main], { PLUGMESH_FILE: file, NODE_ENV: 'production' });
  return ready({ name: 'plugmesh gateway', port, path: '/api/bench/x', child });
}

async function startFastify(target: string): Promise<Contender> {
  const port = await freePort();
  const child = start(process.execPath, [import.meta.filename, '--fastify', String(port), target], {
    NODE_ENV: 'production',
  });
  return ready({ name: '@fastify/http-proxy', port, path: '/api/bench/x', child });
}

async function startNginx(folder: string, target: string): Promise<Contender> {
  const port = await freePort();
  const conf = join(folder, 'nginx.conf');
  writeFileSync(
    conf,
    `daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  upstream bench { server ${target.slice(7)}; keepalive ${CONNECTIONS}; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location /api/bench/ { proxy_pass http://bench/; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
  );
  const child = start('nginx', ['-p', folder, '-c', conf, '-e', 'stderr'], {
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`,
  });
  return ready({ name: 'nginx (1 process)', port, path: '/api/bench/x', child });
}

async function serveFastify(port: number, upstream: string): Promise<void> {
  const { fastify } = await import('fastify');
  const { default: proxy } = await import('@fastify/http-proxy');
  const app = fastify({ logger: false });
  await app.register(proxy, {
    upstream,
    prefix: '/api/bench',
    undici: { connections: CONNECTIONS, pipelining: 1 },
  });
  await app.listen({ port, host: '127.0.0.1' });
}

function start(program: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(program, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function ready(parts: {
  name: string;
  port: number;
  path: string;
  child: ChildProcess;
}): Promise<Contender> {
  const { name, port, path, child } = parts;
  const answers = async (): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).status === 200;
  await eventually(answers, { timeoutMs: 15_000, what: name });
  return { name, port, path, pid: child.pid ?? 0, stop: () => void child.kill('SIGKILL') };
}
