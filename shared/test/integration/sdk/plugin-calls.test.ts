import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCall, type Call } from '../../../src/sdk/plugin-calls.ts';

const REQUEST = { headers: { 'x-plugmesh-identity': 'of-the-user' } };

interface Listener {
  readonly url: string;
  readonly server: Server;
  /** Paths that were asked for. */
  readonly asked: string[];
}

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listener> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, asked };
}

describe('createCall', () => {
  let elsewhere: Listener;
  let mesh: Listener;
  let call: Call;

  beforeEach(async () => {
    elsewhere = await listen((_request, response) => response.end('elsewhere'));
    const places: Record<string, string> = {
      '/api/ships/away': `${elsewhere.url}/gone`,
      '/api/ships/neighbour': '/api/planes/wings',
    };
    mesh = await listen((request, response) => {
      const location = places[request.url ?? ''];
      response.writeHead(location === undefined ? 200 : 307, location === undefined ? {} : { location });
      response.end(JSON.stringify(request.headers));
    });
    call = createCall(mesh.url, 'of-the-plugin');
  });
  afterEach(() => {
    for (const { server } of [elsewhere, mesh]) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('takes the token of the user and its own to the called plugin', async () => {
    const answer = await call('ships', '/crew', { request: REQUEST });
    const headers = (await answer.json()) as Record<string, string>;
    assert.deepEqual(
      [headers.authorization, headers['x-plugmesh-identity']],
      ['Bearer of-the-plugin', 'of-the-user'],
    );
  });

  it('hands over a redirect to another host as it is, and takes no token there', async () => {
    const answer = await call('ships', '/away', { request: REQUEST });
    assert.deepEqual([answer.status, answer.headers.get('location')], [307, `${elsewhere.url}/gone`]);
    assert.deepEqual(elsewhere.asked, []);
  });

  it('hands over a redirect to another plugin as it is, and takes no token there', async () => {
    const answer = await call('ships', '/neighbour', { request: REQUEST });
    assert.deepEqual([answer.status, answer.headers.get('location')], [307, '/api/planes/wings']);
    assert.deepEqual(mesh.asked, ['/api/ships/neighbour']);
  });

  it('follows redirects for a caller who says so', async () => {
    const answer = await call('ships', '/neighbour', { request: REQUEST, redirect: 'follow' });
    assert.equal(answer.status, 200);
    assert.deepEqual(mesh.asked, ['/api/ships/neighbour', '/api/planes/wings']);
  });
});
