import { MeshError } from '@plugmesh/shared/errors';
import type { IncomingMessage } from 'node:http';
import { parseTarget, type Target } from './path.ts';

/** What the gateway's configuration says about requests. */
export interface HygieneRules {
  /** Longest request target, in bytes. */
  readonly url: number;
  /** Most bytes of header lines. */
  readonly headers: number;
  readonly headerCount: number;
  /** Host names that are served, lower case; empty: all. */
  readonly hosts: ReadonlySet<string>;
}

const HOST = /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/i;
/** Methods whose chunked body Node would forward without framing: a smuggling hole, so never accepted. */
const NO_CHUNKED_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** Checks one request head against the "Request hygiene" table and returns its canonical target. Throws what is refused. */
export function inspectRequest(req: IncomingMessage, rules: HygieneRules): Target {
  checkVersionAndMethod(req);
  const url = req.url ?? '';
  if (url.length > rules.url)
    throw new MeshError('MESH_URI_TOO_LONG', `the URL is longer than ${rules.url} bytes`);
  const host = checkHeaders(req.rawHeaders, rules);
  checkFraming(req);
  checkHost(req, host, rules);
  return parseTarget(url.startsWith('/') ? url : originForm(url, host));
}

/** A worker of one plugin could answer for all plugins, because they share an origin. */
export function refuseServiceWorker({ headers }: IncomingMessage): void {
  if (headers['service-worker'] === undefined) return;
  throw new MeshError(
    'MESH_SERVICE_WORKER_REFUSED',
    'plugins share one origin, so none may install a service worker',
  );
}

/** Whether sending on after this refusal could be read as another request: then the connection ends. */
export function breaksFraming(error: MeshError): boolean {
  return FRAMING_CODES.has(error.code);
}

const FRAMING_CODES: ReadonlySet<string> = new Set([
  'MESH_BAD_REQUEST',
  'MESH_LENGTH_REQUIRED',
  'MESH_URI_TOO_LONG',
  'MESH_HEADERS_TOO_LARGE',
  'MESH_METHOD_NOT_ALLOWED',
]);

function checkVersionAndMethod(req: IncomingMessage): void {
  if (req.httpVersion !== '1.1' && req.httpVersion !== '1.0') {
    throw new MeshError('MESH_BAD_REQUEST', `HTTP/${req.httpVersion} is not spoken here; use HTTP/1.1`);
  }
  if (req.method === 'TRACE' || req.method === 'CONNECT') {
    throw new MeshError('MESH_METHOD_NOT_ALLOWED', `'${req.method}' is not served here`);
  }
}

/** Counts header lines and their bytes, and returns the one `Host`. */
function checkHeaders(raw: readonly string[], rules: HygieneRules): string | undefined {
  let bytes = 0;
  let host: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string; // rawHeaders alternates names and values
    const value = raw[i + 1] as string;
    bytes += name.length + value.length + 4;
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
    if (host !== undefined) throw new MeshError('MESH_BAD_REQUEST', "expected one 'Host', received several");
    host = value;
  }
  if (bytes > rules.headers || raw.length > rules.headerCount * 2) {
    const limits = `${rules.headers} bytes or ${rules.headerCount} lines`;
    throw new MeshError('MESH_HEADERS_TOO_LARGE', `the headers are more than ${limits}`);
  }
  return host;
}

function checkFraming(req: IncomingMessage): void {
  const encoding = req.headers['transfer-encoding'];
  if (encoding === undefined) return;
  if (NO_CHUNKED_BODY.has(req.method ?? '')) {
    throw new MeshError(
      'MESH_LENGTH_REQUIRED',
      `'${req.method ?? ''}' takes a body by 'Content-Length' only`,
    );
  }
  if (encoding.toLowerCase() !== 'chunked' || req.httpVersion === '1.0') {
    throw new MeshError('MESH_BAD_REQUEST', `expected 'Transfer-Encoding: chunked', received '${encoding}'`);
  }
}

function checkHost(req: IncomingMessage, host: string | undefined, rules: HygieneRules): void {
  if (host === undefined) {
    if (req.httpVersion === '1.0' && rules.hosts.size === 0) return;
    throw new MeshError('MESH_BAD_REQUEST', "'Host' is missing");
  }
  if (!HOST.test(host))
    throw new MeshError('MESH_BAD_REQUEST', `expected a host name, received Host '${host}'`);
  if (rules.hosts.size > 0 && !servesHost(rules.hosts, host)) {
    throw new MeshError('MESH_MISDIRECTED', `'${host}' is not one of gateway.hosts`);
  }
}

function servesHost(hosts: ReadonlySet<string>, host: string): boolean {
  const whole = host.toLowerCase();
  return hosts.has(whole) || hosts.has(whole.replace(/:\d+$/, '').replace(/\.$/, ''));
}

/** Absolute form (RFC 9112 § 3.2.2) is taken only when it names the same authority as `Host`. */
function originForm(url: string, host: string | undefined): string {
  const [, authority, rest = ''] = ABSOLUTE_FORM.exec(url) ?? [];
  if (authority === undefined)
    throw new MeshError('MESH_BAD_REQUEST', `expected a path, received '${url.slice(0, 80)}'`);
  if (authority.toLowerCase() !== host?.toLowerCase()) {
    throw new MeshError('MESH_BAD_REQUEST', `the URL names '${authority}', 'Host' names '${host ?? ''}'`);
  }
  return rest.startsWith('/') ? rest : `/${rest}`;
}
