import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One request as it arrived, byte for byte. */
export interface RecordedRequest {
  readonly line: string;
  readonly method: string;
  readonly path: string;
  /** As sent, in order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** Which connection, counted from 0. */
  readonly connection: number;
}

/** Looks at a request and says what is written back; undefined: the usual 200. */
export type Answer = (request: RecordedRequest, socket: Socket) => string | Buffer | undefined | false;

/**
 * A strict HTTP/1.1 server on bare sockets: it takes framing literally and keeps every request it was sent, so that a
 * test sees what a parser of another make would have seen. Anything it cannot read is kept in `garbage`.
 */
export class RecordingUpstream {
  readonly requests: RecordedRequest[] = [];
  readonly garbage: string[] = [];
  /** Answers; `false` leaves the socket to the test. Health checks and reports to the control process are never recorded. */
  answer: Answer = () => undefined;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<RecordingUpstream> {
    const upstream = new RecordingUpstream();
    await upstream.listen(0);
    return upstream;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get last(): RecordedRequest {
    const request = this.requests.at(-1);
    if (!request) throw new Error('the upstream has seen no request');
    return request;
  }

  /** The values of a header of the last request, whatever its case. */
  header(name: string, request = this.last): string[] {
    return request.headers
      .filter(([each]) => each.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    const connection = this.connections++;
    let bytes = '';
    this.#sockets.add(socket);
    socket.setEncoding('latin1');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: string) => {
      bytes += chunk;
      for (;;) {
        const parsed = parseRequest(bytes, connection);
        if (parsed === 'more') return;
        if (parsed === 'garbage') {
          this.garbage.push(bytes);
          socket.destroy();
          return;
        }
        bytes = bytes.slice(parsed.length);
        this.#reply(parsed.request, socket);
      }
    });
  }

  #reply(request: RecordedRequest, socket: Socket): void {
    if (request.path === '/healthz' || request.path.startsWith('/mesh/gateways/')) {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.requests.push(request);
    const words = this.answer(request, socket);
    if (words === false) return;
    socket.write(words ?? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'latin1');
  }
}

function parseRequest(
  bytes: string,
  connection: number,
): 'more' | 'garbage' | { request: RecordedRequest; length: number } {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return 'more';
  const [line = '', ...lines] = bytes.slice(0, end).split('\r\n');
  const [, method = '', path = ''] = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.1$/.exec(line) ?? [];
  const headers = lines.map((each) => {
    const [, name = '', value = ''] = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*(.*?)[ \t]*$/.exec(each) ?? [];
    return [name, value] as const;
  });
  if (method === '' || headers.some(([name]) => name === '')) return 'garbage';
  const values = (name: string): string[] =>
    headers.filter(([each]) => each.toLowerCase() === name).map(([, v]) => v);
  const lengths = values('content-length');
  const encodings = values('transfer-encoding');
  if (lengths.length + encodings.length > 1) return 'garbage';
  const body = readBody(bytes.slice(end + 4), lengths[0], encodings[0]);
  if (typeof body === 'string') return body;
  return {
    request: { line, method, path, headers, body: body.text, connection },
    length: end + 4 + body.length,
  };
}

function readBody(
  rest: string,
  length?: string,
  encoding?: string,
): 'more' | 'garbage' | { text: string; length: number } {
  if (encoding !== undefined) return encoding === 'chunked' ? readChunks(rest) : 'garbage';
  if (length === undefined) return { text: '', length: 0 };
  if (!/^\d+$/.test(length)) return 'garbage';
  const size = Number(length);
  return rest.length < size ? 'more' : { text: rest.slice(0, size), length: size };
}

function readChunks(rest: string): 'more' | 'garbage' | { text: string; length: number } {
  let text = '';
  let at = 0;
  for (;;) {
    const end = rest.indexOf('\r\n', at);
    if (end === -1) return 'more';
    const digits = rest.slice(at, end);
    if (!/^[0-9a-f]+$/i.test(digits)) return 'garbage';
    const size = Number.parseInt(digits, 16);
    const next = end + 2 + size + 2;
    if (rest.length < next) return 'more';
    text += rest.slice(end + 2, end + 2 + size);
    at = next;
    if (size === 0) return { text, length: at };
  }
}
