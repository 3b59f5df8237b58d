import { describes, operation, type TestPlugin } from './test-plugin.ts';

/** One that does everything up to level 2: routes for sessions, a verified identity, the bus in both directions. */
export const PERFECT: TestPlugin = {
  manifest: { topics: [{ pattern: 'perfect', join: 'public', push: 'public' }] },
  http: { routes: [{ path: '/v1/me', methods: ['GET'], guard: 'session' }] },
  openapi: describes({ '/': operation(), '/v1/me': operation() }),
  first: `
    import { createRemoteJWKSet, jwtVerify } from ${JSON.stringify(import.meta.resolve('jose'))};
    import { Redis } from ${JSON.stringify(import.meta.resolve('ioredis'))};
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', process.env.PLUGMESH_URL));
    const expected = { audience: process.env.PLUGMESH_PLUGIN, issuer: 'plugmesh' };
    const redis = [0, 1].map(() => new Redis(process.env.REDIS_URL).on('error', () => undefined));
    redis[0].subscribe('from:perfect:echo').catch(() => undefined);
    setInterval(() => redis[1].publish('to:perfect:tick', '{}').catch(() => undefined), 500);
  `,
  handle: `
    if (request.method === 'POST') {
      // Who sends half a body and goes is no reason to fall over.
      try { for await (const _ of request) continue; } catch { return; }
      return answer(405, {});
    }
    if (path === '/v1/me') {
      const token = request.headers['x-plugmesh-identity'] ?? '';
      const verified = await jwtVerify(token, keys, expected).catch(() => undefined);
      return verified ? answer(200, { sub: verified.payload.sub }) : answer(401, {});
    }
  `,
};
