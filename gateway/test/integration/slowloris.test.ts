import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

const CLIENTS = 500;

/** What they send first, and then byte by byte, without ever coming to an end. */
const HALVES = [
  ['a head', 'GET /api/ships/ HTTP/1.1\r\nHost: a\r\nX-A: '],
  ['a body', 'POST /api/ships/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'],
  ['nothing', ''],
] as const;

/** A client that is never done, and what it was told. */
class HalfOpenClient {
  text = '';
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;
  readonly #drip: NodeJS.Timeout;

  constructor(port: number, half: string) {
    this.#socket = connect({ port, host: '127.0.0.1' });
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    this.closed = once(this.#socket, 'close');
    this.#socket.write(half);
    this.#drip = setInterval(() => half !== '' && this.#socket.writable && this.#socket.write('x'), 100);
    void this.closed.then(() => clearInterval(this.#drip));
  }

  stop(): void {
    this.#socket.destroy();
  }
}

describe('clients that never finish', () => {
  let upstream: RecordingUpstream;
  let gateway: TestGateway;

  before(async () => {
    upstream = await RecordingUpstream.start();
    gateway = await TestGateway.start({
      plugins: [{ id: 'ships', urls: [upstream.url] }],
      gateway: { limits: { headersTimeoutMs: 1000, requestTimeoutMs: 1500, idleMs: 1000 } },
    });
  });
  after(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  for (const [what, half] of HALVES) {
    it(`${CLIENTS} of them, who send ${what}, keep nobody from being served, and are ended`, async () => {
      const clients = Array.from({ length: CLIENTS }, () => new HalfOpenClient(gateway.port, half));
      const ended = Promise.all(clients.map((client) => client.closed)).then(() => true);
      let served = 0;
      for (let over = false; !over; served++) {
        const answer = await fetch(`${gateway.url}/api/ships/served`);
        assert.deepEqual([answer.status, await answer.text()], [200, 'ok']);
        over = await Promise.race([ended, new Promise<false>((resolve) => setImmediate(resolve, false))]);
      }
      assert.ok(served > 1);
      for (const client of clients) {
        if (half !== '') assert.match(client.text, /^HTTP\/1\.1 408 /);
        client.stop();
      }
      assert.ok(upstream.requests.every(({ path }) => path === '/served'));
    });
  }
});
