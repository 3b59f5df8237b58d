import { once } from 'node:events';
import { connect } from 'node:net';
import { askablePaths } from '../askable-paths.ts';
import { type Check, failed, Fault, passed, skipped } from '../check.ts';
import type { Subject } from '../subject.ts';
import { endedFailure } from '../until-listening.ts';

/** A host and a prefix that nobody has but the gateway said so. */
const MESH = 'mesh.example';

/** What anybody can send to a port: none of it may take the process down. */
const GARBAGE: readonly (readonly [what: string, bytes: string | Buffer])[] = [
  ['bytes that are not HTTP', Buffer.from([0xff, 0xfe, 0, 0x16, 3, 1, 13, 10, 13, 10])],
  ['half a request', 'GET / HTTP/1.1\r\nHost: half'],
  ['a path that cannot be decoded', 'GET /%zz%00/%C0%AF HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
  ['a body of no known length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n{}'],
  ['a chunk of no size', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ['64 KiB of header', `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(65_536)}\r\n\r\n`],
  [
    'JSON that ends in the middle',
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"nonce":',
  ],
];
const ANSWERED_WITHIN_MS = 300;

/** That it keeps its manners, whatever it is asked. */
export const mannersChecks: readonly Check[] = [
  {
    id: 'redirects',
    level: 0,
    sentence: 'keeps X-Forwarded-Prefix in the addresses it sends visitors to',
    fix: 'write Location as a relative path, or with X-Forwarded-Prefix before it',
    needs: ['http'],
    async run(subject) {
      const { prefix } = subject;
      if (!subject.http.stripPrefix || prefix === '') return skipped('no prefix is taken away');
      for (const path of await askablePaths(subject)) {
        const lost = await lostLocation(subject, path);
        if (lost !== undefined)
          return failed(`GET ${path} sends visitors to ${lost}, which is not below ${prefix}`);
      }
      const slashed = await slashedRedirect(subject);
      return passed(slashed);
    },
  },
  {
    id: 'methods',
    level: 0,
    sentence: 'answers HEAD, OPTIONS and methods it does not have',
    fix: 'answer 405 or 404 to what it does not serve',
    needs: ['http'],
    async run(subject) {
      const answered: string[] = [];
      for (const method of ['HEAD', 'OPTIONS', 'PUT', 'PROPFIND']) {
        const { status } = await subject.ask(subject.pathAt('/plugmesh-check'), { method });
        if (status >= 500 && status !== 501) answered.push(`${method} with ${status}`);
      }
      return passed(answered.length > 0 ? `it answers ${answered.join(', ')}` : undefined);
    },
  },
  {
    id: 'garbage',
    level: 0,
    sentence: 'goes on after requests that are no requests',
    fix: 'catch what goes wrong with one request where that request is answered',
    needsProcess: true,
    needs: ['unknown-path'],
    async run(subject) {
      const run = await subject.bench.running();
      for (const [what, bytes] of GARBAGE) {
        await throwAt(run, bytes);
        try {
          await subject.ask(subject.pathAt('/'));
        } catch (error) {
          if (!run.end) throw error;
        }
        if (run.end) throw new Fault(endedFailure(run, `when it was sent ${what}`));
      }
      return passed();
    },
  },
];

/** Where a visitor would get lost; undefined when the address is right, or is somebody else's. */
async function lostLocation(subject: Subject, path: string): Promise<string | undefined> {
  const { prefix } = subject;
  const { status, headers } = await subject.ask(path, {
    headers: { 'x-forwarded-prefix': prefix, 'x-forwarded-host': MESH, 'x-forwarded-proto': 'https' },
  });
  const { location } = headers;
  if (status < 300 || status > 399 || location === undefined) return undefined;
  const target = new URL(location, `https://${MESH}${prefix}${path}`);
  if (target.hostname !== MESH && !isLoopback(target.hostname)) return undefined;
  const isBelow = target.pathname === prefix || target.pathname.startsWith(`${prefix}/`);
  if (target.hostname === MESH && isBelow) return undefined;
  // The mesh has pages of its own, and other plugins: only where it means itself it is lost.
  const own = await subject.ask(target.pathname);
  return own.status === 404 ? undefined : location;
}

/** Frameworks send visitors from `/a/` to `/a` by themselves, often with the address that they see. */
async function slashedRedirect(subject: Subject): Promise<string | undefined> {
  for (const path of await askablePaths(subject)) {
    if (path.endsWith('/')) continue;
    const lost = await lostLocation(subject, `${path}/`);
    if (lost !== undefined)
      return `GET ${path}/ sends visitors to ${lost}: switch off your framework's redirects for slashes`;
  }
  return undefined;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.|\[::1\])/.test(host);
}

/** Sends it, and waits a moment for what comes; how it is answered does not matter. */
async function throwAt(
  { host, port }: { host: string; port: number },
  bytes: string | Buffer,
): Promise<void> {
  const socket = connect({ host, port });
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'data', { signal: AbortSignal.timeout(ANSWERED_WITHIN_MS) }).catch(() => undefined);
  socket.destroy();
}
