import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { eventually, startProcess } from '@plugmesh/shared/testing';
import { ask } from '../../support/ask.ts';
import { ExternalSystem } from '../../support/external-system.ts';
import { ProxyApp } from '../../support/proxy-app.ts';

const MIB = 1024 * 1024;
const LARGE = 200 * MIB;

function* bytes(size: number): Generator<Buffer> {
  const chunk = Buffer.alloc(64 * 1024, 1);
  for (let sent = 0; sent < size; sent += chunk.length) yield chunk;
}

async function sizeOf(stream: AsyncIterable<Buffer>): Promise<number> {
  let size = 0;
  for await (const chunk of stream) size += chunk.length;
  return size;
}

describe('a stream through an endpoint', () => {
  const app = new ProxyApp();
  const agent = new Agent({ keepAlive: true });
  let system: ExternalSystem;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;

  before(async () => {
    system = await ExternalSystem.http((request, response) => handle(request, response));
    app.server.listen(0, '127.0.0.1');
    await once(app.server, 'listening');
    app.connections.put('one', system.url);
  });
  after(async () => {
    agent.destroy();
    system.stop();
    await app.stop();
  });

  const options = () => ({
    host: '127.0.0.1',
    port: (app.server.address() as AddressInfo).port,
    path: '/v1/proxy/one/x',
    agent,
  });
  async function started(headers = {}): Promise<IncomingMessage> {
    const [response] = (await once(get({ ...options(), headers }), 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    return response;
  }

  it('brings each event when it is sent, and is silent for as long as it likes', async () => {
    let response!: ServerResponse;
    handle = (_request, answer) => {
      response = answer;
      answer.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    };
    const events = await started({ accept: 'text/event-stream' });
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      response.write(event);
      const [got] = (await once(events, 'data')) as [Buffer];
      assert.equal(got.toString(), event);
    }
    events.destroy();
    await once(response, 'close');
  });

  it('is cut, not ended, when the external system breaks off', async () => {
    handle = (_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('abc', () => response.destroy());
    };
    await assert.rejects(ask(app.server, '/v1/proxy/one/x'), { code: 'ECONNRESET' });
    handle = (_request, response) => void response.write('abc', () => response.destroy());
    await assert.rejects(ask(app.server, '/v1/proxy/one/x'), { code: 'ECONNRESET' });
  });

  it('loses trailers, and no byte before them', async () => {
    handle = (_request, response) => {
      response.writeHead(200, { trailer: 'x-checksum' });
      response.write('abc');
      response.addTrailers({ 'x-checksum': 'evil' });
      response.end();
    };
    const response = await started();
    assert.equal(await sizeOf(response as AsyncIterable<Buffer>), 3);
    assert.deepEqual([response.headers['trailer'], response.trailers], [undefined, {}]);
  });

  it('ends at the external system when the client goes in the middle of its body', async () => {
    const closed = Promise.withResolvers<unknown>();
    handle = (incoming) => {
      incoming.resume();
      incoming.once('error', closed.resolve);
    };
    const sent = request({ ...options(), method: 'PUT', agent: false, headers: { 'content-length': MIB } });
    sent.on('error', () => undefined);
    sent.write(Buffer.alloc(100_000));
    await eventually(() => sent.writableLength === 0);
    sent.destroy();
    await closed.promise;
  });

  it('is given up at the external system when the client goes before there is an answer', async () => {
    const asked = Promise.withResolvers<IncomingMessage>();
    handle = asked.resolve;
    const patient = new ProxyApp({}, 600_000);
    patient.connections.put('one', system.url);
    patient.server.listen(0, '127.0.0.1');
    await once(patient.server, 'listening');
    const { port } = patient.server.address() as AddressInfo;
    const sent = get({ ...options(), port, agent: false });
    sent.on('error', () => undefined);
    const there = await asked.promise;
    sent.destroy();
    await once(there.socket, 'close');
    await patient.stop();
  });

  it('is answered before its end, and the connection is still of use', async () => {
    handle = (incoming, response) => {
      response.writeHead(413).end('enough');
      incoming.resume();
    };
    const sent = request({ ...options(), method: 'PUT', headers: { 'content-length': 4 * MIB } });
    sent.on('error', () => undefined);
    sent.write(Buffer.alloc(MIB));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 413);
    sent.end(Buffer.alloc(3 * MIB));
    assert.equal(await text(response), 'enough');
    await eventually(() => sent.destroyed);
    handle = (_incoming, answer) => answer.end();
    const second = get(options());
    await once(second, 'response');
    assert.ok(second.reusedSocket);
    second.destroy();
  });

  it('waits at the external system for a client that is slow', async () => {
    let given = 0;
    handle = (_request, response) => {
      const source = Readable.from(bytes(64 * MIB));
      source.on('data', (chunk: Buffer) => (given += chunk.length));
      source.pipe(response);
      response.once('close', () => source.destroy());
    };
    const response = await started();
    let before = -1;
    // It stops somewhere long before the end, when every buffer on the way is full.
    await eventually(
      () => {
        const isSame = given === before && given > 0;
        before = given;
        return isSame;
      },
      { everyMs: 200 },
    );
    assert.ok(given < 48 * MIB, `${given} bytes were taken of a stream that nobody reads`);
    response.destroy();
  });

  it('of 200 MiB each way needs little memory', async function () {
    this.timeout(60_000);
    handle = (incoming, response) => {
      if (incoming.method === 'GET') void pipeline(bytes(LARGE), response);
      else void sizeOf(incoming as AsyncIterable<Buffer>).then((size) => response.end(String(size)));
    };
    const main = join(import.meta.dirname, '../../support/proxy-process.ts');
    const proxy = await startProcess(['node', main, system.url], { ready: /port \d+/ });
    try {
      const port = /port (\d+)/.exec(proxy.output)?.[1];
      const there = { ...options(), port: Number(port), agent: false as const };
      const [answer] = (await once(get(there), 'response')) as [IncomingMessage];
      assert.equal(await sizeOf(answer as AsyncIterable<Buffer>), LARGE);
      const sent = request({ ...there, method: 'PUT' });
      const sending = pipeline(bytes(LARGE), sent);
      const [stored] = (await once(sent, 'response')) as [IncomingMessage];
      await sending;
      assert.equal(await text(stored), String(LARGE));
      proxy.child.kill('SIGUSR2');
      await eventually(() => /more \d+/.test(proxy.output));
      const more = Number(/more (\d+)/.exec(proxy.output)?.[1]);
      assert.ok(more < 150 * MIB, `it took ${Math.round(more / MIB)} MiB more`);
    } finally {
      await proxy.kill();
    }
  });
});
