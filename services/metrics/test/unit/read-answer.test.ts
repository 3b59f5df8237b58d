import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { readAnswer } from '../../src/read-answer.ts';

async function reading(answer: RequestListener, patienceMs: number) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await readAnswer((path, init) => fetch(`http://127.0.0.1:${port}${path}`, init), '/x', patienceMs);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536, ' ');
}

describe('an answer of something that calls itself Prometheus', () => {
  it('is read to its end', async () => {
    const { status, body } = await reading((_request, response) => response.writeHead(418).end('tea'), 5000);
    assert.deepEqual([status, body.toString()], [418, 'tea']);
  });

  it('is given up when it goes on for ever', async () => {
    const answer: RequestListener = (_request, response) => void Readable.from(endless()).pipe(response);
    await assert.rejects(reading(answer, 60_000), { code: 'MESH_RESPONSE_TOO_LARGE' });
  });

  it('is given up when its end does not come', async () => {
    const answer: RequestListener = (_request, response) => void response.write('[');
    await assert.rejects(reading(answer, 200), { code: 'MESH_ENDPOINT_TIMEOUT' });
  });
});
