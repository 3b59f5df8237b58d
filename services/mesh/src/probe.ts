import { get } from 'node:http';
import { get as getSecure } from 'node:https';

/** What an instance's health route said. */
export type ProbeResult =
  | { readonly kind: 'ready' }
  /** Its own `init` failed (contracts, "Failure is a state"). */
  | { readonly kind: 'disabled'; readonly reason: string }
  /** It listens, and says that it cannot work. */
  | { readonly kind: 'unready'; readonly reason: string }
  /** Nothing listens there. */
  | { readonly kind: 'not-listening' };

const TIMEOUT_MS = 1000;
const LONGEST_BODY = 16 * 1024;

/** Asks an instance how it is. 2xx is ready; 404 means that it has no health route, but listens, which is enough. */
export function probe(origin: string, path: string): Promise<ProbeResult> {
  const url = new URL(path, origin);
  const request = url.protocol === 'https:' ? getSecure : get;
  return new Promise((resolve) => {
    const req = request(url, { agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) }, (res) => {
      let body = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > LONGEST_BODY) res.destroy();
      });
      res.on('error', () => undefined);
      res.on('close', () => resolve(judge(res.statusCode ?? 0, body)));
    });
    req.on('error', (error: NodeJS.ErrnoException) => resolve(judgeError(error)));
  });
}

function judge(status: number, body: string): ProbeResult {
  if (status === 404 || (status >= 200 && status < 300)) return { kind: 'ready' };
  const { state, reason } = readBody(body);
  if (state === 'disabled') return { kind: 'disabled', reason: reason ?? 'it did not say why' };
  return {
    kind: 'unready',
    reason: `its health route answers ${status}${reason === undefined ? '' : `: ${reason}`}`,
  };
}

function judgeError(error: NodeJS.ErrnoException): ProbeResult {
  if (error.code === 'ECONNREFUSED') return { kind: 'not-listening' };
  if (error.name === 'AbortError')
    return { kind: 'unready', reason: `MESH_UPSTREAM_TIMEOUT: it did not answer within ${TIMEOUT_MS} ms` };
  if (error.code?.startsWith('HPE_'))
    return { kind: 'unready', reason: 'MESH_UPSTREAM_FAILED: it answers something that is not HTTP' };
  return {
    kind: 'unready',
    reason: `MESH_UPSTREAM_FAILED: it cannot be asked: ${error.code ?? error.message}`,
  };
}

function readBody(body: string): { state?: unknown; reason?: string } {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return {};
    const { state, reason } = value as { state?: unknown; reason?: unknown };
    return { state, ...(typeof reason === 'string' ? { reason } : {}) };
  } catch {
    return {};
  }
}
