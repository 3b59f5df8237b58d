import { sessionCookieName } from '@plugmesh/shared/access';
import type { CookieOptions, Request, Response } from 'express';

/** Sets the cookie that the gateway knows a session by. Scripts cannot read it, and other sites' forms do not send it. */
export function setSessionCookie(request: Request, response: Response, id: string): void {
  response.cookie(sessionCookieName(protoOf(request)), id, cookieOptions(request));
}

/** Takes it back. */
export function clearSessionCookie(request: Request, response: Response): void {
  response.clearCookie(sessionCookieName(protoOf(request)), cookieOptions(request));
}

function cookieOptions(request: Request): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: protoOf(request) === 'https' };
}

/** The gateway says how the client came; what the client says of it has been removed. */
function protoOf(request: Request): string {
  return request.get('x-forwarded-proto') ?? 'http';
}
