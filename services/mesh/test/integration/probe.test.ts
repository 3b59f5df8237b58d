import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { portsOfTree } from '@plugmesh/shared/processes';
import { freePort } from '@plugmesh/shared/testing';
import { probe, type ProbeResult } from '../../src/probe.ts';

async function probing(server: Server): Promise<ProbeResult> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await probe(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '/healthz');
  } finally {
    server.close();
    if ('closeAllConnections' in server) (server as { closeAllConnections(): void }).closeAllConnections();
  }
}

const answering = (status: number, body: string): RequestListener => {
  return (_req, res) => void res.writeHead(status, { 'content-type': 'application/json' }).end(body);
};

describe('probe', () => {
  it('takes 2xx for ready', async () => {
    assert.deepEqual(await probing(createServer(answering(204, ''))), { kind: 'ready' });
  });

  it('takes 404 for ready: it has no health route, but listens', async () => {
    assert.deepEqual(await probing(createServer(answering(404, 'nothing here'))), { kind: 'ready' });
  });

  it('tells a plugin that disabled itself, with its reason', async () => {
    const body = JSON.stringify({ state: 'disabled', reason: 'no database' });
    assert.deepEqual(await probing(createServer(answering(503, body))), {
      kind: 'disabled',
      reason: 'no database',
    });
  });

  it('tells a plugin that is not ready', async () => {
    const result = await probing(createServer(answering(500, '<html>')));
    assert.deepEqual(result, { kind: 'unready', reason: 'its health route answers 500' });
  });

  it('tells one that answers garbage', async () => {
    const result = await probing(
      createTcpServer((socket) =>
        socket
          .resume()
          .on('error', () => undefined)
          .end('garbage\r\n\r\n'),
      ),
    );
    assert.deepEqual(result, {
      kind: 'unready',
      reason: 'MESH_UPSTREAM_FAILED: it answers something that is not HTTP',
    });
  });

  it('tells one that never answers', async () => {
    const sockets: { destroy(): void }[] = [];
    const result = await probing(createTcpServer((socket) => void sockets.push(socket)));
    for (const socket of sockets) socket.destroy();
    assert.deepEqual(result, {
      kind: 'unready',
      reason: 'MESH_UPSTREAM_TIMEOUT: it did not answer within 1000 ms',
    });
  });

  it('tells when nothing listens', async () => {
    const result = await probe(`http://127.0.0.1:${await freePort()}`, '/healthz');
    assert.deepEqual(result, { kind: 'not-listening' });
  });
});

describe('portsOfTree', () => {
  it('finds the ports of a process', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    assert.ok(portsOfTree(process.pid).includes(port));
    server.close();
    await once(server, 'close');
    assert.ok(!portsOfTree(process.pid).includes(port));
  });
});
