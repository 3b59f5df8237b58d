import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { static as files, type Request, type Response, type Router } from 'express';

const FOLDER = join(import.meta.dirname, '../page');

/** The look and the fonts are the mesh's own page's, from the same origin. */
const POLICY = [
  "default-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Path → what stands in the shell: `<name>.html`, with `<name>.js`. */
const PAGES: Readonly<Record<string, { readonly name: string; readonly title: string }>> = {
  '/': { name: 'account', title: 'Your account' },
  '/login': { name: 'login', title: 'Log in' },
  '/link': { name: 'link', title: 'Choose a password' },
};

/** The pages to log in, to choose a password, and of one's account. */
export function addPages(router: Router): void {
  const shell = read('shell.html');
  for (const [path, { name, title }] of Object.entries(PAGES)) {
    const html = fill(shell, { name, title, main: read(`${name}.html`) });
    router.get(path, (request, response) => {
      protect(response);
      response.type('html').send(fill(html, { base: escape(baseOf(request)) }));
    });
  }
  router.use('/page', (_request, response, next) => {
    protect(response);
    next();
  });
  router.use('/page', files(FOLDER, { index: false, dotfiles: 'ignore', redirect: false }));
}

function read(file: string): string {
  return readFileSync(join(FOLDER, file), 'utf8');
}

/** Puts values into `{{…}}`; those that are not named stay. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
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
