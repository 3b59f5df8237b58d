import type { CookieOptions, Request, Response } from 'express';

const NAME = 'plugmesh-session';

/** Sets the cookie that the gateway knows a session by. Scripts cannot read it, and other sites' forms do not send it. */
export function setSessionCookie(request: Request, response: Response, id: string): void {
  response.cookie(cookieName(request), id, cookieOptions(request));
}

/** Takes it back. */
export function clearSessionCookie(request: Request, response: Response): void {
  response.clearCookie(cookieName(request), cookieOptions(request));
}

/** By https browsers hold a name with `__Host-` to its rules: no other host and no http page can set it. */
function cookieName(request: Request): string {
  return isSecure(request) ? `__Host-${NAME}` : NAME;
}

function cookieOptions(request: Request): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: isSecure(request) };
}

/** The gateway says how the client came; what the client says of it has been removed. */
function isSecure(request: Request): boolean {
  return request.get('x-forwarded-proto') === 'https';
}
