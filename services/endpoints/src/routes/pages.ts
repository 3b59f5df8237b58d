import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { static as files, type Request, type Response, type Router } from 'express';

const FOLDER = join(import.meta.dirname, '../page');

/** The look and what is shared with other pages are the mesh's own page's, from the same origin. */
const POLICY = [
  "default-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The page of endpoints. It is the same for everybody: what it shows, it asks for by the session of whoever looks. */
export function addPages(router: Router): void {
  const html = readFileSync(join(FOLDER, 'endpoints.html'), 'utf8');
  router.get('/', (request, response) => {
    protect(response);
    response.type('html').send(html.replace('{{base}}', () => escape(baseOf(request))));
  });
  router.use('/page', (_request, response, next) => {
    protect(response);
    next();
  });
  router.use('/page', files(FOLDER, { index: false, dotfiles: 'ignore', redirect: false }));
}

function protect(response: Response): void {
  response.set({
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-cache',
  });
}

/** Where the plugin is in the browser, whatever proxies stand before the gateway. */
function baseOf(request: Request): string {
  return `${request.get('x-forwarded-prefix') ?? ''}/`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
