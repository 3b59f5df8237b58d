import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createTestPlugin, testUser, type TestPlugin } from '@plugmesh/sdk/testing';
import { freePort } from '../../../src/testing/index.ts';
import type { Identity } from '../../../src/identity/index.ts';

const FILE = join(import.meta.dirname, '../fixtures/harbour/src/main.ts');
const ADA = testUser('ada');
const GUID = '00000000-0000-4000-8000-000000000000';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

describe('endpointType', () => {
  const asked: Asked[] = [];
  /** What it answers instead. */
  let problem: string | undefined;
  /** What stands for the endpoint: it knows one word. */
  const server = createServer((request, response) => {
    asked.push({ method: request.method, url: request.url, headers: request.headers });
    void textOf(request).then((text) => {
      if (problem !== undefined) {
        response.writeHead(404, { 'content-type': 'application/problem+json' }).end(problem);
        return;
      }
      const isKnown = text.includes('mellon') || request.headers['x-word'] === 'mellon';
      const isOpen = request.url?.startsWith('/below/api/version') === true;
      const status = text.includes('boom') ? 500 : isKnown || isOpen ? 200 : 401;
      response.writeHead(status).end('{"version":"1.2"}');
    });
  });
  let reach: string;
  let harbour: TestPlugin;

  before(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    reach = `http://127.0.0.1:${(server.address() as AddressInfo).port}/below`;
  });
  after(() => server.close());
  beforeEach(async () => {
    problem = undefined;
    harbour = await createTestPlugin(FILE);
  });
  afterEach(() => harbour.stop());

  const json = async (response: Response): Promise<Record<string, unknown>> => {
    const body = (await response.json()) as Record<string, unknown>;
    return { status: response.status, ...body };
  };

  it('answers a callout with what the hook has found below the endpoint', async () => {
    assert.deepEqual(await json(await harbour.callout('info', { reach, as: ADA })), {
      status: 200,
      metadata: { version: '1.2', askedBy: 'ada' },
    });
    const { url, headers } = asked.at(-1)!;
    assert.deepEqual([url, headers.accept], ['/below/api/version?full=1', 'application/json']);
  });

  it('answers each hook in its own words', async () => {
    assert.deepEqual(await json(await harbour.callout('register', { endpoint: { name: 'rotterdam' } })), {
      status: 200,
      name: 'ROTTERDAM',
    });
    const credentials = { name: 'root', word: 'mellon' };
    assert.deepEqual(await json(await harbour.callout('connect', { reach, credentials })), {
      status: 200,
      token: { headers: { 'x-word': 'mellon' }, data: 'captain' },
      admin: true,
      user: 'root',
    });
    const token = { headers: { 'x-word': 'mellon' } };
    assert.deepEqual(await json(await harbour.callout('validate', { reach, token })), { status: 200 });
    assert.deepEqual(await json(await harbour.callout('update-metadata')), {
      status: 200,
      [GUID]: { connected: true, for: 'ada' },
    });
    assert.deepEqual(await json(await harbour.callout('sign', { method: 'PUT' })), {
      status: 200,
      headers: { 'x-sign': 'PUT' },
    });
  });

  it('says what a hook refuses in its own code and words, and of other failures only that there was one', async () => {
    const { status, code, detail } = await json(
      await harbour.callout('connect', { reach, credentials: { name: 'ada', word: 'friend' } }),
    );
    assert.deepEqual([status, code, detail], [400, 'MESH_ENDPOINT_CREDENTIALS', 'that is not the word']);
    const expired = await json(await harbour.callout('validate', { reach, token: {} }));
    assert.deepEqual([expired['status'], expired['code']], [409, 'MESH_ENDPOINT_EXPIRED']);
    const broken = await harbour.callout('connect', { reach, credentials: { word: 'boom' } });
    assert.equal(broken.status, 500);
    assert.doesNotMatch(await broken.text(), /boom/);
    const odd = await json(await harbour.callout('sign', { token: { data: 'odd' } }));
    assert.deepEqual([odd['status'], odd['code']], [500, 'MESH_INTERNAL']);
  });

  it('says in the words of `endpoints` that the endpoint was not reached, and in its own what it answered', async () => {
    const away = await json(await harbour.callout('info', { reach: `http://127.0.0.1:${await freePort()}` }));
    assert.deepEqual([away['status'], away['code']], [502, 'MESH_ENDPOINT_UNREACHABLE']);
    for (const code of ['MESH_NOT_FOUND', 'MESH_ENDPOINT_WHATEVER', undefined]) {
      problem = JSON.stringify({ code, detail: 'of somebody else' });
      assert.equal((await json(await harbour.callout('info', { reach })))['code'], 'MESH_ENDPOINT_INVALID');
    }
  });

  for (const [who, as, status] of [
    ['nobody', undefined, 401],
    ['a user', ADA, 403],
    ['an administrator', testUser('root', 'admin'), 403],
    ['another plugin', { kind: 'plugin', id: 'pirate', actingFor: ADA }, 403],
    ['a plugin called like a part of it', { kind: 'plugin', id: 'endpoints2' }, 403],
    ['the operator', { kind: 'key', id: 'gateway' }, 403],
  ] as const satisfies readonly (readonly [string, Identity | undefined, number])[]) {
    it(`asks no hook for ${who}`, async () => {
      const before = asked.length;
      const body = {
        url: reach,
        subType: null,
        skipTlsValidation: false,
        caCert: null,
        reach: '/v1/reach/0',
      };
      const answer = await harbour.request('/endpoint/info', { body, ...(as && { as }) });
      assert.deepEqual([answer.status, asked.length], [status, before]);
    });
  }

  it('refuses a callout whose body is not that of its hook, and reads nothing of it that it does not know', async () => {
    const as: Identity = { kind: 'plugin', id: 'endpoints' };
    for (const body of [{}, { endpoint: { guid: 7 } }, '{"endpoint"', '[]']) {
      const headers = { 'content-type': 'application/json' };
      const answer = await harbour.request('/endpoint/register', { as, body, headers });
      assert.equal(answer.status, 400, JSON.stringify(body));
    }
    assert.equal((await harbour.callout('register', { later: 'more' })).status, 200);
  });

  it('answers nothing but the hooks of the manifest, where the manifest says', async () => {
    assert.equal((await harbour.callout('info', { type: 'pier', reach })).status, 200);
    assert.equal((await harbour.callout('sign', { type: 'pier' })).status, 404);
    assert.equal((await harbour.callout('info', { type: 'buoy' })).status, 404);
    assert.equal((await harbour.request('/endpoint/info')).status, 404);
  });

  it('keeps what a hook reaches for below the endpoint', async () => {
    const before = asked.length;
    for (const subType of ['../../events', '/%2e%2e/7/x', String.raw`..\..\x`, 'a/../../b']) {
      const answer = await json(await harbour.callout('info', { type: 'pier', reach, subType }));
      assert.equal(answer['code'], 'MESH_BAD_REQUEST', subType);
    }
    assert.equal(asked.length, before);
    await harbour.callout('info', { type: 'pier', reach, subType: '//a/../b?c=../d' });
    assert.equal(asked.at(-1)?.url, '/below/b?c=../d');
  });

  for (const [mistake, reason] of [
    ['forgets a type', /'harbour' has the hooks 'info', .*'sign', and the code has none/],
    ['forgets a hook', /'harbour' has the hooks .*'sign', and the code has 'info', .*'update-metadata'$/],
    ['takes another name', /the code has an endpoint type 'piers', and plugin.json has 'harbour', 'pier'/],
    ['says it twice', /'pier' twice/],
    ['has one too many', /'buoy' has the hooks none, and the code has 'info'/],
  ] as const) {
    it(`disables a plugin that ${mistake}, and names both sides`, async () => {
      const disabled = await createTestPlugin(FILE, { config: { mistake } });
      assert.equal(disabled.health.state, 'disabled');
      assert.match(disabled.health.reason ?? '', reason);
      assert.equal((await disabled.callout('info', { reach })).status, 503);
      await disabled.stop();
    });
  }

  it('hears of its endpoints, in order, and again what it could not handle', async () => {
    await harbour.endpointEvent('registered', { endpoint: { name: 'kiel' } });
    await harbour.endpointEvent('connected', { endpoint: { name: 'kiel' }, user: 'ada', admin: true });
    const heavy = harbour.endpointEvent('updated', { endpoint: { name: 'heavy' } });
    const later = harbour.endpointEvent('unregistered', { endpoint: { name: 'kiel' } });
    await harbour.clock.advance(0);
    await harbour.clock.advance(1000);
    await Promise.all([heavy, later]);
    assert.deepEqual(await (await harbour.request('/heard')).json(), [
      '1 registered kiel -',
      '2 connected kiel ada',
      'lifted',
      '3 updated heavy -',
      '4 unregistered kiel -',
    ]);
  });
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
