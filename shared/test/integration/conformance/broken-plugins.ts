import type { Level } from '@plugmesh/shared/conformance';
import { describes, operation, type TestPlugin } from './test-plugin.ts';

/** A way to fail, and what is told of it. */
export interface BrokenPlugin {
  readonly what: string;
  readonly plugin: TestPlugin;
  /** The one check that fails. */
  readonly fails: string;
  readonly seen: RegExp;
  readonly fix: RegExp;
  readonly code?: string;
  /** The level below what fails. */
  readonly level: Level | undefined;
}

const REDIS = `import { Redis } from ${JSON.stringify(import.meta.resolve('ioredis'))};
const quiet = (redis) => redis.on('error', () => undefined);
`;
const TOPIC = { topics: [{ pattern: 'broken', join: 'public', push: 'public' }] };
const WELL = describes({ '/': operation() });
/** Who asks, without looking at the signature. */
const BELIEVES = `
  const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
`;
const REGISTER = `
  const registry = (method, headers) => fetch(process.env.PLUGMESH_URL + '/mesh/registry/broken/one',
    { method, headers, body: JSON.stringify({ url: 'http://127.0.0.1:' + process.env.PORT }) });
  const isTold = process.env.PLUGMESH_REGISTER === '1';
`;

export const BROKEN_PLUGINS: readonly BrokenPlugin[] = [
  {
    what: 'listens on a port of its own',
    plugin: { listen: "server.listen(0, '127.0.0.1');" },
    fails: 'listens',
    seen: /^it listens on \d+, not on \d+$/,
    fix: /use the PORT it is given/,
    code: 'MESH_PLUGIN_NOT_LISTENING',
    level: undefined,
  },
  {
    what: 'listens at another address',
    plugin: { listen: "server.listen(Number(process.env.PORT), '127.0.0.2');" },
    fails: 'listens',
    seen: /but not at 127\.0\.0\.1/,
    fix: /HOST/,
    code: 'MESH_PLUGIN_NOT_LISTENING',
    level: undefined,
  },
  {
    what: 'never listens',
    plugin: { listen: 'setInterval(() => undefined, 1000);' },
    fails: 'listens',
    seen: /did not listen on 127\.0\.0\.1:\d+ within 10 s/,
    fix: /HOST and PORT/,
    code: 'MESH_PLUGIN_NOT_LISTENING',
    level: undefined,
  },
  {
    what: 'ends at once',
    plugin: { first: "console.error('no database'); process.exit(3);" },
    fails: 'listens',
    seen: /ended with code 3 before it listened/,
    fix: /last lines/,
    code: 'MESH_PLUGIN_EXITED',
    level: undefined,
  },
  {
    what: 'lacks a package',
    plugin: { first: "import 'nowhere-to-be-found';" },
    fails: 'listens',
    seen: /ended with code 1/,
    fix: /^npm install nowhere-to-be-found in .*'setup'/,
    code: 'MESH_PLUGIN_EXITED',
    level: undefined,
  },
  {
    what: 'does not speak HTTP',
    plugin: {
      first: "import { createServer as createRaw } from 'node:net';",
      listen:
        "createRaw((socket) => socket.on('error', () => undefined).end('220 mail ready\\r\\n')).listen(process.env.PORT, process.env.HOST);",
    },
    fails: 'http',
    seen: /not HTTP/,
    fix: /GET \//,
    code: 'MESH_UPSTREAM_FAILED',
    level: undefined,
  },
  {
    what: 'answers 500 to what it does not know',
    plugin: {
      otherwise: 'answer(500, {});',
      openapi: WELL,
      handle: "if (request.method !== 'GET') return answer(405, {});",
    },
    fails: 'unknown-path',
    seen: /is answered with 500/,
    fix: /404/,
    level: undefined,
  },
  {
    what: 'never answers what it does not know',
    plugin: { otherwise: '', openapi: WELL, handle: "if (request.method !== 'GET') return answer(405, {});" },
    fails: 'unknown-path',
    seen: /is not answered within 5 s/,
    fix: /answer every request/,
    code: 'MESH_UPSTREAM_TIMEOUT',
    level: undefined,
  },
  {
    what: 'crashes on a path that it does not know',
    plugin: {
      otherwise: "throw new Error('no route');",
      openapi: WELL,
      handle: "if (request.method !== 'GET') return answer(405, {});",
    },
    fails: 'unknown-path',
    seen: /it ended with code 1 when it was asked GET \/plugmesh-check/,
    fix: /last lines/,
    code: 'MESH_PLUGIN_EXITED',
    level: undefined,
  },
  {
    what: 'serves below the prefix that is taken away',
    plugin: {
      handle:
        "if (path === '/api/broken/') return answer(200, {}); if (path === '/') return answer(404, {});",
    },
    fails: 'prefix',
    seen: /\/api\/broken\/ is answered with 200, \/ with 404/,
    fix: /stripPrefix/,
    level: undefined,
  },
  {
    what: 'sends visitors out of its prefix',
    plugin: {
      handle: "if (path === '/old') return answer(302, {}, { location: '/' });",
      openapi: describes({ '/': operation(), '/old': operation() }),
    },
    fails: 'redirects',
    seen: /GET \/old sends visitors to \/, which is not below \/api\/broken/,
    fix: /X-Forwarded-Prefix/,
    level: undefined,
  },
  {
    what: 'falls over bytes that are not HTTP',
    plugin: {
      listen:
        "server.on('clientError', (error) => { throw error; }); server.listen(process.env.PORT, process.env.HOST);",
      openapi: WELL,
    },
    fails: 'garbage',
    seen: /ended with code 1 when it was/,
    fix: /last lines/,
    code: 'MESH_PLUGIN_EXITED',
    level: undefined,
  },
  {
    what: 'is slow middleware',
    plugin: {
      manifest: { middleware: { phase: 'public', path: '/check', timeoutMs: 20 } },
      handle: "if (path === '/check') return setTimeout(() => answer(204), 200);",
      openapi: WELL,
    },
    fails: 'middleware',
    seen: /took \d+ ms, 'timeoutMs' is 20/,
    fix: /timeoutMs/,
    level: undefined,
  },
  {
    what: 'is not well, and says why',
    plugin: { health: "return answer(503, { state: 'disabled', reason: 'no database' });", openapi: WELL },
    fails: 'health',
    seen: /GET \/healthz is answered with 503: no database/,
    fix: /200 while it can work/,
    level: 0,
  },
  {
    what: 'ignores SIGTERM',
    plugin: { onSigterm: '', openapi: WELL },
    fails: 'sigterm',
    seen: /still ran 5 s after SIGTERM/,
    fix: /on SIGTERM stop accepting/,
    code: 'MESH_PLUGIN_NOT_STOPPING',
    level: 0,
  },
  {
    what: 'waits for idle connections on SIGINT',
    plugin: {
      onSigint: 'server.keepAliveTimeout = 60_000; setInterval(() => undefined, 1000);',
      openapi: WELL,
    },
    fails: 'sigint',
    seen: /still ran 5 s after SIGINT/,
    fix: /close idle connections/,
    code: 'MESH_PLUGIN_NOT_STOPPING',
    level: 0,
  },
  {
    what: 'ends with an error when it is told to end',
    plugin: { onSigterm: 'process.exit(7);', openapi: WELL },
    fails: 'sigterm',
    seen: /ended with code 7/,
    fix: /code 0/,
    level: 0,
  },
  {
    what: 'has no handler for SIGINT',
    plugin: {
      onSigint: "process.removeAllListeners('SIGINT'); process.kill(process.pid, 'SIGINT');",
      openapi: WELL,
    },
    fails: 'sigint',
    seen: /no handler for SIGINT/,
    fix: /on SIGINT stop accepting/,
    level: 0,
  },
  {
    what: 'leaves a process behind',
    plugin: {
      first: `import { spawn } from 'node:child_process';
        spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { detached: true, stdio: 'ignore' }).unref();`,
      openapi: WELL,
    },
    fails: 'leaves-nothing',
    seen: /process \d+ is still there \(.*setInterval/,
    fix: /end what it has started/,
    level: 0,
  },
  {
    what: 'leaves a lock behind',
    plugin: {
      manifest: { state: true },
      first: `import { mkdirSync, writeFileSync } from 'node:fs';
        mkdirSync(process.env.PLUGMESH_STATE, { recursive: true });
        try { writeFileSync(process.env.PLUGMESH_STATE + '/lock', '', { flag: 'wx' }); }
        catch { console.error('another one is running'); process.exit(5); }`,
      openapi: WELL,
    },
    fails: 'starts-again',
    seen: /ended with code 5 before it listened/,
    fix: /last lines/,
    code: 'MESH_PLUGIN_EXITED',
    level: 0,
  },
  {
    what: 'describes itself in a document without info',
    plugin: { openapi: { openapi: '3.1.0', paths: {} } },
    fails: 'openapi',
    seen: /not valid OpenAPI 3\.1\.0/,
    fix: /spec\.openapis\.org/,
    level: 1,
  },
  {
    what: 'describes itself in Swagger 2.0',
    plugin: { openapi: { swagger: '2.0', info: { title: 'old', version: '1' }, paths: {} } },
    fails: 'openapi',
    seen: /"swagger":"2\.0"}; OpenAPI 3\.0 and 3\.1/,
    fix: /spec\.openapis\.org/,
    level: 1,
  },
  {
    what: 'has a rule for a route that it does not describe',
    plugin: { http: { routes: [{ path: '/v1/secret', methods: ['POST'], guard: 'admin' }] }, openapi: WELL },
    fails: 'openapi-routes',
    seen: /'\/v1\/secret' has a rule and no description/,
    fix: /describe the route/,
    level: 1,
  },
  {
    what: 'says that anybody may call what is for administrators',
    plugin: {
      http: { routes: [{ path: '/v1/*', guard: 'admin' }] },
      openapi: describes({
        '/': operation(),
        '/v1/{id}': operation({
          security: [],
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        }),
      }),
    },
    fails: 'openapi-guards',
    seen: /GET \/v1\/\{id\}: the description says that anybody may call it, its guard is 'admin'/,
    fix: /'security'/,
    level: 1,
  },
  {
    what: 'asks for a key where anybody may call',
    plugin: {
      openapi: {
        ...describes({ '/': operation({ security: [{ key: [] }] }) }),
        components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
      },
    },
    fails: 'openapi-guards',
    seen: /takes 'security', its guard is 'public'/,
    fix: /leave 'security' out/,
    level: 1,
  },
  {
    what: 'writes the prefix into its description',
    plugin: {
      openapi: describes({
        '/': operation(),
        '/api/broken/v1': operation({
          parameters: [{ name: 'at', in: 'query', required: true, schema: {} }],
        }),
      }),
    },
    fails: 'openapi-prefix',
    seen: /would be \/api\/broken\/api\/broken\/v1/,
    fix: /the mesh puts the prefix before it/,
    level: 1,
  },
  {
    what: 'answers what it describes with 500',
    plugin: {
      openapi: describes({ '/': operation(), '/v1/near': operation() }),
      handle: "if (path === '/v1/near') return answer(500, {});",
    },
    fails: 'operations',
    seen: /GET \/v1\/near is answered with 500/,
    fix: /4xx/,
    level: 1,
  },
  {
    what: 'answers an identity token that does not count with 500',
    plugin: {
      handle: `${BELIEVES} const token = request.headers['x-plugmesh-identity'];
        if (path === '/' && token && claims(token).aud !== 'broken') return answer(500, {});`,
      openapi: WELL,
    },
    fails: 'identity',
    seen: /answered with 500 to a misaddressed token, and with 200 without one/,
    fix: /jwks\.json/,
    level: 1,
  },
  {
    what: 'believes every identity token',
    plugin: {
      http: { routes: [{ path: '/v1/me', guard: 'session' }] },
      openapi: describes({ '/': operation(), '/v1/me': operation() }),
      handle: `${BELIEVES} const token = request.headers['x-plugmesh-identity'];
        if (path === '/v1/me') return token ? answer(200, { sub: claims(token).sub }) : answer(401, {});`,
    },
    fails: 'identity-verified',
    seen: /GET \/v1\/me is answered with 200 to a token that is signed with a key that the mesh does not know/,
    fix: /signature \(EdDSA\), audience/,
    level: 1,
  },
  {
    what: 'writes to keys of others',
    plugin: {
      manifest: TOPIC,
      first: `${REDIS} const redis = quiet(new Redis(process.env.REDIS_URL)); redis.set('elsewhere', '1').catch(() => undefined);`,
      openapi: WELL,
    },
    fails: 'bus-rights',
    seen: /the key 'elsewhere'/,
    fix: /begin with 'broken:'/,
    level: 1,
  },
  {
    what: 'dies when Redis goes away',
    plugin: {
      manifest: TOPIC,
      first: `${REDIS} const redis = new Redis(process.env.REDIS_URL);
        redis.on('error', (error) => { throw error; }); redis.subscribe('from:broken:echo');`,
      openapi: WELL,
    },
    fails: 'bus-outage',
    seen: /ended with code 1 when Redis went away/,
    fix: /last lines/,
    code: 'MESH_PLUGIN_EXITED',
    level: 1,
  },
  {
    what: 'hears nothing any more when Redis is back',
    plugin: {
      manifest: TOPIC,
      first: `${REDIS} const redis = quiet(new Redis(process.env.REDIS_URL, { autoResubscribe: false })); redis.subscribe('from:broken:echo');`,
      openapi: WELL,
    },
    fails: 'bus-outage',
    seen: /it had 1 subscriptions and has 0/,
    fix: /subscribe again/,
    level: 1,
  },
  {
    what: 'registers itself without its token',
    plugin: { first: `${REGISTER} if (isTold) registry('PUT', {});`, openapi: WELL },
    fails: 'registers',
    seen: /without PLUGMESH_TOKEN/,
    fix: /PUT .* with PLUGMESH_TOKEN/,
    level: 2,
  },
  {
    what: 'stays in the registry when it ends',
    plugin: {
      first: `${REGISTER} if (isTold) registry('PUT', { authorization: 'Bearer ' + process.env.PLUGMESH_TOKEN });`,
      openapi: WELL,
    },
    fails: 'registers',
    seen: /without DELETE of 'one'/,
    fix: /DELETE it before it ends/,
    level: 2,
  },
];
