import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { createLog } from '../../../src/log/index.ts';
import { Registration } from '../../../src/sdk/registration.ts';
import { eventually, freePort, startProcess } from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });

interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown> | undefined;
}

/** A registry that writes down what it is told and answers with `status`. */
class RecordingRegistry {
  readonly received: Received[] = [];
  asked = 0;
  status = 204;
  /** How long it takes to remember. */
  renewing: Promise<unknown> = Promise.resolve();
  readonly #server: Server = createServer((request, response) => {
    void this.#record(request).then(() => response.writeHead(this.status).end());
  });

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #record(request: IncomingMessage): Promise<void> {
    this.asked++;
    const { method, url, headers } = request;
    const body = method === 'PUT' ? ((await json(request)) as Record<string, unknown>) : undefined;
    if (method === 'PUT') await this.renewing;
    this.received.push({ method, path: url, authorization: headers.authorization, body });
  }
}

describe('Registration', () => {
  let registry: RecordingRegistry;
  let meshUrl: string;

  beforeEach(async () => {
    registry = new RecordingRegistry();
    meshUrl = await registry.start();
  });
  afterEach(() => registry.stop());

  const create = (): Registration =>
    new Registration({
      meshUrl,
      plugin: 'ships',
      instance: 'ships-1',
      token: 'ships.mac',
      url: () => 'http://127.0.0.1:8103',
      version: '1.0.0',
      log,
      renewEveryMs: 20,
    });

  it('deregisters behind a renewal that is on its way', async () => {
    const registration = create();
    await registration.start();
    const slow = Promise.withResolvers<undefined>();
    registry.renewing = slow.promise;
    const before = registry.asked;
    await eventually(() => registry.asked > before);
    const stopped = registration.stop();
    // Long enough for a DELETE that waits for nothing.
    await fetch(meshUrl);
    slow.resolve(undefined);
    await stopped;
    assert.equal(registry.received.at(-1)?.method, 'DELETE');
  });

  it('registers, renews, and deregisters once', async () => {
    const registration = create();
    await registration.start();
    const { body, ...request } = registry.received[0]!;
    assert.deepEqual(request, {
      method: 'PUT',
      path: '/mesh/registry/ships/ships-1',
      authorization: 'Bearer ships.mac',
    });
    assert.deepEqual([body?.url, body?.version], ['http://127.0.0.1:8103', '1.0.0']);
    assert.ok(!Number.isNaN(Date.parse(String(body?.startedAt))));
    await eventually(() => registry.received.length >= 3);
    await registration.stop();
    await registration.stop();
    assert.deepEqual(
      registry.received.filter(({ method }) => method === 'DELETE').map(({ path }) => path),
      ['/mesh/registry/ships/ships-1'],
    );
  });

  it('is started although the mesh refuses, and registers as soon as it no longer does', async () => {
    registry.status = 403;
    const registration = create();
    await registration.start();
    registry.status = 204;
    const before = registry.received.length;
    await eventually(() => registry.received.length > before);
    await registration.stop();
  });

  it('is started although nobody is there, and stops without failing', async () => {
    registry.stop();
    const registration = create();
    await registration.start();
    await registration.stop();
  });

  it('is done by a plugin process that is asked to, with its manifest, and taken back when it stops', async () => {
    const port = await freePort();
    const running = await startProcess(['node', 'src/main.ts'], {
      cwd: join(import.meta.dirname, '../fixtures/greeter'),
      env: {
        PORT: String(port),
        PLUGMESH_PLUGIN: 'greeter',
        PLUGMESH_INSTANCE: 'greeter-b',
        PLUGMESH_URL: meshUrl,
        PLUGMESH_TOKEN: 'greeter.mac',
        PLUGMESH_REGISTER: '1',
      },
      ready: /has started/,
    });
    const { path, body } = registry.received[0]!;
    assert.equal(path, '/mesh/registry/greeter/greeter-b');
    assert.equal(body!.url, `http://127.0.0.1:${port}`);
    assert.equal((body!.manifest as { name: string }).name, 'greeter');
    await running.stop();
    assert.equal(registry.received.at(-1)?.method, 'DELETE');
  });

  it('is not done by a plugin that is disabled', async () => {
    const running = await startProcess(['node', 'src/main.ts'], {
      cwd: join(import.meta.dirname, '../fixtures/broken'),
      env: { PORT: '0', PLUGMESH_URL: meshUrl, PLUGMESH_TOKEN: 'broken.mac', PLUGMESH_REGISTER: '1' },
      ready: /has started/,
    });
    await running.stop();
    assert.deepEqual(registry.received, []);
  });
});
