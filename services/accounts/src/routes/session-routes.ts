import { MeshError } from '@plugmesh/sdk';
import type { Request, Response, Router } from 'express';
import type { SignIn } from '../accounts/sign-in.ts';
import type { Callers } from '../caller.ts';
import type { BegunSession, SessionRecords } from '../records/session-records.ts';
import { BODIES, readBody } from './bodies.ts';
import { clearSessionCookie, setSessionCookie } from './session-cookie.ts';

/** What logging in and out needs. */
export interface SessionRouteParts {
  readonly callers: Callers;
  readonly signIn: SignIn;
  readonly sessions: SessionRecords;
}

/** Login, logout, who am I, and a new password. */
export function addSessionRoutes(router: Router, { callers, signIn, sessions }: SessionRouteParts): void {
  const replace = async (request: Request, response: Response, begun: BegunSession): Promise<void> => {
    // Whoever logs in where somebody was logged in: that session's id is not to stay behind.
    const before = await callers.find(request).catch(() => undefined);
    if (before?.kind === 'user' && before.session !== undefined)
      await sessions.end(before.id, before.session);
    setSessionCookie(request, response, begun.id);
    const { user, name, roles, startedAt, endsAt } = begun.record;
    response.json({ user, name, roles, startedAt, endsAt });
  };

  router.post('/v1/login', async (request, response) => {
    const body = readBody(BODIES.login, request.body);
    await replace(request, response, await signIn.byPassword({ ...body, address: addressOf(request) }));
  });

  router.post('/v1/link', async (request, response) => {
    const { link, password } = readBody(BODIES.link, request.body);
    await replace(request, response, await signIn.byLink(link, password));
  });

  router.post('/v1/password', async (request, response) => {
    const { name } = await callers.sessionUser(request);
    const { current, password } = readBody(BODIES.password, request.body);
    const attempt = { name, password: current, address: addressOf(request) };
    await replace(request, response, await signIn.byNewPassword(attempt, password));
  });

  router.post('/v1/logout', async (request, response) => {
    const { id, session } = await callers.sessionUser(request);
    await sessions.end(id, session);
    clearSessionCookie(request, response);
    response.status(204).end();
  });

  // "verify": what counts is the record, not how fresh the identity token is.
  router.get('/v1/session', async (request, response) => {
    const { id, name, roles, session, key } = await callers.user(request);
    if (session === undefined) {
      response.json({ user: id, name, roles, key });
      return;
    }
    const record = await sessions.find(session);
    if (!record) throw new MeshError('MESH_UNAUTHORIZED', 'the session has ended');
    const { startedAt, endsAt } = record;
    response.json({ user: id, name, roles, startedAt, endsAt, xsrf: request.get('x-plugmesh-xsrf') });
  });
}

/** Where the client is: the gateway names it first, and then the proxies on the way. */
function addressOf(request: Request): string {
  return request.get('x-forwarded-for')?.split(',')[0]?.trim() ?? request.socket.remoteAddress ?? '';
}
