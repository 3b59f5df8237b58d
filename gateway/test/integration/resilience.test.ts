import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { loadSecrets, operatorToken } from '@plugmesh/shared/identity';
import { eventually, TcpRelay } from '@plugmesh/shared/testing';
import { sketchDocument, type PluginSketch } from '../support/mesh.ts';
import { rawRequest } from '../support/raw-request.ts';
import { RecordingUpstream, type Answer } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

/** Two instances of one plugin, the second of which does as the test says. */
class Pair {
  readonly good: RecordingUpstream;
  readonly bad: RecordingUpstream;
  readonly gateway: TestGateway;

  private constructor(good: RecordingUpstream, bad: RecordingUpstream, gateway: TestGateway) {
    this.good = good;
    this.bad = bad;
    this.gateway = gateway;
  }

  static async start(answer: Answer): Promise<Pair> {
    const [good, bad] = [await RecordingUpstream.start(), await RecordingUpstream.start()];
    bad.answer = answer;
    const plugin = { id: 'u', urls: [good.url, bad.url], http: { timeoutMs: 2000 } };
    return new Pair(good, bad, await TestGateway.start({ plugins: [plugin] }));
  }

  /** Sends so many requests one after the other; resolves to their statuses, 0 for an answer that broke off. */
  async ask(count: number, method = 'GET'): Promise<number[]> {
    const statuses: number[] = [];
    for (let n = 0; n < count; n++) {
      const response = await fetch(`${this.gateway.url}/api/u/${n}`, { method });
      const isWhole = await response.text().then(
        () => true,
        () => false,
      );
      statuses.push(isWhole ? response.status : 0);
    }
    return statuses;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await Promise.all([this.good.stop(), this.bad.stop()]);
  }
}

async function metricsOf({ url, config }: TestGateway): Promise<string> {
  const authorization = `Bearer ${operatorToken(loadSecrets(config))}`;
  return (await fetch(`${url}/metrics`, { headers: { authorization } })).text();
}

const closing =
  (words: string): Answer =>
  (_request, socket) => {
    socket.end(words);
    return false;
  };

/** What one of two instances does wrong, and what clients see of its first five failures. */
const FAILURES: readonly { does: string; answer: Answer; get: number; post: number }[] = [
  {
    does: 'answers 500',
    answer: () => 'HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n',
    get: 500,
    post: 500,
  },
  { does: 'answers garbage', answer: closing('SSH-2.0-OpenSSH_9.2\r\n\r\n'), get: 200, post: 502 },
  { does: 'closes without an answer', answer: closing(''), get: 200, post: 502 },
  {
    does: 'breaks off in its answer',
    answer: closing('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    get: 0,
    post: 0,
  },
];

describe('resilience', () => {
  for (const { does, answer, get, post } of FAILURES) {
    for (const [method, seen] of [
      ['GET', get],
      ['POST', post],
    ] as const) {
      it(`leaves out an instance that ${does} to ${method} after five times`, async () => {
        const pair = await Pair.start(answer);
        const statuses = await pair.ask(60, method);
        const odd = statuses.filter((status) => status !== 200);
        assert.deepEqual(odd, seen === 200 ? [] : Array.from({ length: 5 }, () => seen));
        assert.equal(pair.bad.requests.length, 5);
        const metrics = await metricsOf(pair.gateway);
        assert.match(metrics, /gateway_ejections_total\{plugin="u",.*\} 1/);
        assert.match(metrics, /gateway_instances\{plugin="u",state="ejected",.*\} 1/);
        await pair.stop();
      });
    }
  }

  it('asks another instance when one stops answering altogether, but not for what must not be done twice', async () => {
    const [good, bad] = [await RecordingUpstream.start(), await RecordingUpstream.start()];
    const relay = await TcpRelay.start(bad.port);
    bad.answer = () => false;
    const plugin = (...urls: string[]): PluginSketch => ({
      id: 'u',
      urls,
      http: { timeoutMs: 20_000, routes: [{ path: '/once', guard: 'public', timeoutMs: 2000 }] },
    });
    const silent = `http://127.0.0.1:${relay.port}`;
    const gateway = await TestGateway.start({
      healthRules: { intervalMs: 50, recoveryMs: 50, timeoutMs: 200, failures: 3, successes: 2 },
      plugins: [plugin(silent)],
    });
    const status = async (method: string, path: string): Promise<number> =>
      (await fetch(`${gateway.url}/api/u/${path}`, { method })).status;
    const answers = [status('GET', 'again'), status('POST', 'once')];
    await eventually(() => bad.requests.length === 2);
    gateway.documents.change(sketchDocument([plugin(silent, good.url)]));
    relay.silence();
    assert.deepEqual(await Promise.all(answers), [200, 504]);
    assert.deepEqual(
      good.requests.map(({ path }) => path),
      ['/again'],
    );
    await gateway.stop();
    await relay.stop();
    await Promise.all([good.stop(), bad.stop()]);
  });

  it('does not hold it against an instance when clients go away, before or in the answer', async () => {
    const held: Socket[] = [];
    const pair = await Pair.start((_request, socket) => {
      held.push(socket);
      return false;
    });
    pair.good.answer = pair.bad.answer;
    for (let n = 0; n < 40; n++) {
      const client = new AbortController();
      const answer = fetch(`${pair.gateway.url}/api/u/${n}`, { signal: client.signal });
      await eventually(() => held.length > n);
      if (n % 2 === 0) {
        held[n]?.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
        await answer;
      }
      const gone = once(held[n]!, 'close');
      client.abort();
      await Promise.all([gone, answer.then((response) => response.text()).catch(() => undefined)]);
    }
    assert.match(await metricsOf(pair.gateway), /gateway_instances\{plugin="u",state="healthy",.*\} 2/);
    await pair.stop();
  });

  it('goes on asking both when both fail', async () => {
    const answer: Answer = () => 'HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n';
    const pair = await Pair.start(answer);
    pair.good.answer = answer;
    await pair.ask(40);
    pair.good.answer = () => undefined;
    const before = pair.good.requests.length;
    const statuses = await pair.ask(40);
    assert.ok(statuses.includes(200));
    assert.ok(pair.good.requests.length > before);
    await pair.stop();
  });

  it('answers 504 at the deadline to a request that still waits for a place', async () => {
    const upstream = await RecordingUpstream.start();
    upstream.answer = () => false;
    const gateway = await TestGateway.start({
      gateway: { limits: { inFlight: 1 } },
      plugins: [
        {
          id: 'u',
          urls: [upstream.url],
          http: { timeoutMs: 1500, routes: [{ path: '/soon', guard: 'public', timeoutMs: 200 }] },
        },
      ],
    });
    const slow = fetch(`${gateway.url}/api/u/`);
    await eventually(() => upstream.requests.length === 1);
    const waiting = await fetch(`${gateway.url}/api/u/soon`);
    assert.equal(waiting.status, 504);
    assert.equal(upstream.requests.length, 1);
    assert.equal((await slow).status, 504);
    await gateway.stop();
    await upstream.stop();
  });

  it('blames the instance, not the client, when an upload stands still because nobody reads it', async () => {
    const silent = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const sockets = new Set<Socket>();
    silent.on('connection', (socket) => sockets.add(socket));
    const { port } = silent.address() as AddressInfo;
    const size = 64 * 1024 * 1024;
    const gateway = await TestGateway.start({
      plugins: [{ id: 'u', urls: [`http://127.0.0.1:${port}`], http: { timeoutMs: 300, maxBody: size } }],
    });
    const head = `POST /api/u/ HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`;
    const answer = await rawRequest(gateway.port, [head, 'x'.repeat(size)]);
    assert.equal(answer.status, 504);
    for (const socket of sockets) socket.destroy();
    silent.close();
    await gateway.stop();
  });

  it('refuses new work while the process does not keep up, says so, and takes it again', async () => {
    const upstream = await RecordingUpstream.start();
    const gateway = await TestGateway.start({
      gateway: { limits: { eventLoopDelayMs: 100 } },
      plugins: [{ id: 'u', urls: [upstream.url] }],
    });
    const status = async (): Promise<number> => (await fetch(`${gateway.url}/api/u/`)).status;
    assert.equal(await status(), 200);
    let isBusy = true;
    const work = (): void => {
      const until = performance.now() + 150;
      while (performance.now() < until);
      if (isBusy) setImmediate(work);
    };
    work();
    const refused = await eventually(
      async () => {
        const response = await fetch(`${gateway.url}/api/u/`);
        return response.status === 503 && response;
      },
      { timeoutMs: 20_000 },
    );
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(((await refused.json()) as { code: string }).code, 'MESH_OVERLOADED');
    assert.match(await metricsOf(gateway), /gateway_shedding\{.*\} (1|0\.\d)/);
    isBusy = false;
    await eventually(async () => (await status()) === 200, { timeoutMs: 20_000 });
    await gateway.stop();
    await upstream.stop();
  });
});
