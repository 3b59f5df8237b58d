import { randomUUID } from 'node:crypto';
import { definePlugin } from '@plugmesh/sdk';

/** Redirects that change no method: for those that carry a body. */
const KEEPS_METHOD = 308;
const FOR_GOOD = 301;

definePlugin<{ cookie: string }>({
  setup({ router, config: { cookie } }) {
    router.get('/check', (request, response) => {
      if (request.get('X-Forwarded-Proto') === 'http') {
        const isRead = ['GET', 'HEAD'].includes(request.get('X-Forwarded-Method') ?? '');
        // Any answer but 2xx is the client's.
        response.redirect(
          isRead ? FOR_GOOD : KEEPS_METHOD,
          secureUrl((name) => request.get(name) ?? ''),
        );
        return;
      }
      const isKnown = cookieNames(request.get('Cookie')).includes(cookie);
      if (!isKnown) response.cookie(cookie, randomUUID(), { httpOnly: true, secure: true, sameSite: 'lax' });
      response.status(204).end();
    });
  },
});

/** What was asked for, by https and at its usual port. */
function secureUrl(header: (name: string) => string): string {
  const host = header('X-Forwarded-Host').replace(/:\d+$/, '');
  return `https://${host}${header('X-Forwarded-Prefix')}${header('X-Forwarded-Uri')}`;
}

function cookieNames(cookies = ''): string[] {
  return cookies.split(';').map((pair) => pair.split('=', 1).join().trim());
}
