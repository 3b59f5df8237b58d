import { request as httpRequest, type IncomingMessage } from 'node:http';
import { duplexPair, type Duplex, Readable } from 'node:stream';

/** A request as a test makes it; an object as body is sent as JSON. */
export interface TestRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | object;
}

/** Makes an HTTP request over a connection that is made on the spot and has no port. */
export async function requestInMemory(
  connect: (serverSide: Duplex) => void,
  path: string,
  { method, headers = {}, body }: TestRequest,
): Promise<Response> {
  const [clientSide, serverSide] = duplexPair();
  // As a client that goes away closes a real connection.
  clientSide.once('close', () => serverSide.destroy());
  connect(serverSide);
  const { text, type } = encode(body);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = httpRequest(
    {
      path,
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { host: 'localhost', connection: 'close', ...type, ...headers },
      createConnection: () => clientSide,
    },
    resolve,
  );
  request.on('error', reject).end(text);
  return toResponse(await promise);
}

function encode(body: TestRequest['body']): {
  readonly text?: string | Uint8Array;
  readonly type?: Readonly<Record<string, string>>;
} {
  if (body === undefined) return {};
  if (typeof body === 'string' || body instanceof Uint8Array) return { text: body };
  return { text: JSON.stringify(body), type: { 'content-type': 'application/json' } };
}

function toResponse(message: IncomingMessage): Response {
  const status = message.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, value = []] of Object.entries(message.headers))
    for (const one of [value].flat()) headers.append(name, one);
  // These have no body, and `Response` insists on it.
  if ([204, 205, 304].includes(status)) {
    message.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(message) as ReadableStream, { status, headers });
}
