import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drainServer } from '../../../src/lifecycle/index.ts';

describe('drainServer', () => {
  let server: Server;
  let other: Server;
  let agent: Agent;
  let release: () => void;

  beforeEach(async () => {
    agent = new Agent({ keepAlive: true });
    server = createServer((req, res) => {
      if (req.url === '/slow') release = () => res.end();
      else res.end();
    });
    other = createServer((_req, res) => res.end());
    await listen(server, 0);
  });
  afterEach(() => {
    agent.destroy();
    for (const each of [server, other]) {
      each.close();
      each.closeAllConnections();
    }
  });

  const listen = (which: Server, port: number): Promise<unknown> =>
    once(which.listen({ host: '127.0.0.1', port, reusePort: true }), 'listening');
  const port = (): number => (server.address() as AddressInfo).port;

  async function ask(path = '/', at = port()): Promise<string | undefined> {
    const [response] = (await once(get({ host: '127.0.0.1', port: at, path, agent }), 'response')) as [
      IncomingMessage,
    ];
    response.resume();
    await once(response, 'end');
    return response.headers.connection;
  }

  async function elapsed(work: Promise<unknown>): Promise<number> {
    const started = performance.now();
    await work;
    return performance.now() - started;
  }

  it('answers what comes on a kept connection once more, while another process serves the address', async () => {
    const at = port();
    assert.equal(await ask(), 'keep-alive');
    await listen(other, at);
    const drained = elapsed(drainServer(server, 10_000));
    assert.equal(await ask('/', at), 'close');
    assert.ok((await drained) < 2_000);
  });

  it('keeps silent connections for half of the time, while another process serves the address', async () => {
    await ask();
    await listen(other, port());
    const took = await elapsed(drainServer(server, 3_000));
    assert.ok(took >= 1_500 && took < 3_000, `${took} ms`);
  });

  it('closes silent connections at once when nobody else serves the address', async () => {
    await ask();
    assert.ok((await elapsed(drainServer(server, 10_000))) < 1_000);
  });

  it('finishes what is open', async () => {
    const at = port();
    const asked = ask('/slow', at);
    await once(server, 'request');
    const drained = drainServer(server, 10_000);
    release();
    await asked;
    assert.ok((await elapsed(drained)) < 1_000);
  });

  it('cuts what is still open in the end', async () => {
    const failed = assert.rejects(ask('/slow'), /socket hang up/);
    await once(server, 'request');
    assert.ok((await elapsed(drainServer(server, 300))) < 1_000);
    await failed;
  });
});
