import type { IncomingHttpHeaders } from 'node:http';

/** What of a client's request never goes to an external system; docs/reference/endpoints-proxy.md has the same table. */
export const DROPPED_FROM_REQUESTS: readonly string[] = [
  // Who the user is here is nobody's business there.
  'authorization',
  'cookie',
  'cookie2',
  'x-api-key',
  'x-xsrf-token',
  // Of one hop (RFC 9110 § 7.6.1), and what Node and undici say themselves.
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // From where it was asked, and how the request has come here.
  'client-ip',
  'forwarded',
  'origin',
  'referer',
  'true-client-ip',
  'x-client-ip',
  'x-real-ip',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  // Other methods and paths than those that were looked at.
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-rewrite-url',
];

/** The same, by how they begin. */
export const DROPPED_BEGINNINGS: readonly string[] = [
  'proxy-',
  'sec-',
  'x-forwarded-',
  'x-original-',
  'x-plugmesh-',
];

/** What a WebSocket handshake says besides. */
const HANDSHAKE: readonly string[] = [
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
];

/** What no credential says, whoever has made it: how a request is framed, and where it goes. */
const NO_CREDENTIAL: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade'],
]);

const DROPPED: ReadonlySet<string> = new Set(DROPPED_FROM_REQUESTS);

type Headers = Record<string, string | string[]>;

/** The client's headers that may go to an external system, with those of the credential in place of its own. */
export function requestHeaders(
  client: IncomingHttpHeaders,
  credential: Readonly<Record<string, string>>,
): Headers {
  const headers: Headers = {};
  const named = new Set(client.connection?.toLowerCase().split(/[\s,]+/));
  for (const [name, value] of Object.entries(client)) {
    if (value !== undefined && !isDropped(name) && !named.has(name)) headers[name] = value;
  }
  for (const [name, value] of Object.entries(credential)) {
    if (!NO_CREDENTIAL.has(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** The same for a handshake. */
export function handshakeHeaders(
  client: IncomingHttpHeaders,
  credential: Readonly<Record<string, string>>,
): Headers {
  const said = HANDSHAKE.flatMap((name) =>
    client[name] === undefined ? [] : [[name, client[name]] as const],
  );
  return { ...requestHeaders(client, credential), ...Object.fromEntries(said) };
}

/** Also what another spelling (`x_forwarded_for`) makes the same variable of where heads are read by CGI. */
function isDropped(name: string): boolean {
  const plain = name.replace(/[^a-z0-9]/g, '-');
  return DROPPED.has(plain) || DROPPED_BEGINNINGS.some((beginning) => plain.startsWith(beginning));
}
