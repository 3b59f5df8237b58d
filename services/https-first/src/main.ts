import { randomUUID } from 'node:crypto';
import { definePlugin, type Visit } from '@plugmesh/sdk';

/** Redirects that change no method: for those that carry a body. */
const KEEPS_METHOD = 308;
const FOR_GOOD = 301;

definePlugin<{ cookie: string }>({
  setup({ middleware, config: { cookie } }) {
    middleware((visit, response) => {
      if (visit.proto === 'http') {
        // Any answer is the client's.
        response.redirect(['GET', 'HEAD'].includes(visit.method) ? FOR_GOOD : KEEPS_METHOD, secureUrl(visit));
        return;
      }
      const isKnown = cookieNames(visit.headers.cookie).includes(cookie);
      if (!isKnown) response.cookie(cookie, randomUUID(), { httpOnly: true, secure: true, sameSite: 'lax' });
    });
  },
});

/** What was asked for, by https and at its usual port. */
function secureUrl({ host, prefix, uri }: Visit): string {
  return `https://${host.replace(/:\d+$/, '')}${prefix}${uri}`;
}

function cookieNames(cookies = ''): string[] {
  return cookies.split(';').map((pair) => pair.split('=', 1).join().trim());
}
