import { static as files, type Request, type Response, type Router } from 'express';

/** What a plugin of the mesh's own shows in browsers. */
export interface PluginPages {
  /** Its scripts and styles, served at `/page`. */
  readonly folder: string;
  /** Path → HTML, in which `{{base}}` stands for where the plugin is in the browser. */
  readonly html: Readonly<Record<string, string>>;
}

/** The look, and what scripts share, are those of the mesh's own page, from the same origin. */
const POLICY = [
  "default-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves pages that are the same for everybody: what they show, they ask for by the session of whoever looks. */
export function addPluginPages(router: Router, { folder, html }: PluginPages): void {
  for (const [path, text] of Object.entries(html)) {
    router.get(path, (request, response) => {
      protect(response);
      response.type('html').send(text.replace('{{base}}', () => escape(baseOf(request))));
    });
  }
  router.use('/page', (_request, response, next) => {
    protect(response);
    next();
  });
  router.use('/page', files(folder, { index: false, dotfiles: 'ignore', redirect: false }));
}

function protect(response: Response): void {
  response.set({
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-cache',
  });
}

/** Whatever proxies stand before the gateway. */
function baseOf(request: Request): string {
  return `${request.get('x-forwarded-prefix') ?? ''}/`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
