import type { Config } from '@plugmesh/shared/config';
import { MeshError } from '@plugmesh/shared/errors';
import { drainServer } from '@plugmesh/shared/lifecycle';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatewayRequest, isHandshake } from './gateway-request.ts';
import { answerProblemOn } from './problem.ts';
import { Turns } from './turns.ts';

/** How the server listens and how patient it is. */
export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** Bytes of request line and headers together, beyond which Node stops parsing. */
  readonly maxHead: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleMs: number;
  readonly drainMs: number;
}

/** What the server hands on. Neither may throw. */
export interface ServerHandlers {
  readonly request: (req: GatewayRequest, res: ServerResponse) => void;
  readonly upgrade: (req: GatewayRequest, socket: Socket, head: Buffer) => void;
}

/** The public HTTP server of one gateway process: Node's own parser with strict settings, and an answer to everything. */
export class GatewayServer {
  readonly #options: ServerOptions;
  readonly #server: Server<typeof GatewayRequest>;
  readonly #turns = new Turns();
  /** The answers to requests whose bodies may still be on their way. */
  readonly #bodied = new WeakMap<Duplex, ServerResponse>();
  #draining = false;
  #closed: Promise<void> | undefined;

  constructor(options: ServerOptions, handlers: ServerHandlers) {
    this.#options = options;
    this.#server = createServer({
      IncomingMessage: GatewayRequest,
      maxHeaderSize: options.maxHead,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.idleMs,
      connectionsCheckingInterval: Math.min(1000, options.headersTimeoutMs),
      requireHostHeader: false, // checked by hygiene, which answers with a problem document
      insecureHTTPParser: false,
      noDelay: true,
      shouldUpgradeCallback: isHandshake,
    });
    // Node would drop headers beyond the limit silently, a second Host among them; hygiene counts and refuses.
    this.#server.maxHeadersCount = 0;
    // "100 Continue" is sent when the request is allowed to go on, and never by the plugin.
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
      this.#server.on(event, (req: GatewayRequest, res: ServerResponse) => {
        const { headers, socket } = req;
        if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
          this.#bodied.set(socket, res);
        }
        this.#turns.take(socket, res, () => handlers.request(req, res));
      });
    }
    // Node hands these over at once, and the connection with them, whatever has still to be answered on it.
    this.#server.on('upgrade', (req: GatewayRequest, socket: Socket, head: Buffer) => {
      this.#takeOver(socket, () => handlers.upgrade(req, socket, head));
    });
    this.#server.on('connect', (_req, socket) => {
      const error = new MeshError('MESH_METHOD_NOT_ALLOWED', "'CONNECT' is not served here");
      this.#takeOver(socket, () => answerProblemOn(socket, error, {}));
    });
    this.#server.on('clientError', this.#answerClientError);
  }

  /** A server as the configuration wants it. */
  static of(
    { gateway: { host, port, limits } }: Pick<Config, 'gateway'>,
    handlers: ServerHandlers,
  ): GatewayServer {
    // Node's own limit comes first and answers without looking: it is the sum of ours and a line's rest.
    const maxHead = limits.url + limits.headers + 1024;
    return new GatewayServer({ host, port, maxHead, ...limits }, handlers);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** The port in use, which differs from the configured one when that is 0. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
  }

  /** Listens; rejects with MESH_PORT_TAKEN when another process holds the port. */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = new MeshError(
          'MESH_PORT_TAKEN',
          `port ${port} of ${host} is in use by another process`,
        );
        reject(error.code === 'EADDRINUSE' ? taken : error);
      });
      this.#server.listen({ host, port }, resolve);
    });
  }

  /** Accepts no more connections, finishes the requests that are open, then cuts what is left. Safe to call twice. */
  drain(): Promise<void> {
    this.#draining = true;
    this.#closed ??= drainServer(this.#server, this.#options.drainMs);
    return this.#closed;
  }

  /** Node has stopped listening to a connection that it hands over, and an 'error' that nobody hears ends the process. */
  #takeOver(socket: Duplex, go: () => void): void {
    socket.on('error', () => socket.destroy());
    this.#turns.afterAll(socket, () => {
      if (!socket.destroyed) go();
    });
  }

  /** Node's parser refused the bytes, or the client was too slow. Nothing of it has reached a plugin as a whole request. */
  readonly #answerClientError = (error: ClientError, socket: Duplex): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    this.#turns.afterAll(socket, () => {
      const answer = this.#bodied.get(socket);
      // It has its answer, whole or half: a second one would be taken for the answer to what comes next.
      if (answer?.req.complete === false && answer.headersSent) socket.destroy();
      else if (socket.writable) answerProblemOn(socket, clientProblem(error), {});
    });
  };
}

type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

function clientProblem(error: ClientError): MeshError {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new MeshError('MESH_REQUEST_TIMEOUT', 'the request did not arrive in time');
  }
  if (error.code !== 'HPE_HEADER_OVERFLOW') {
    return new MeshError('MESH_BAD_REQUEST', 'this is not an HTTP/1.1 request', { cause: error });
  }
  return isRequestLine(error.rawPacket)
    ? new MeshError('MESH_URI_TOO_LONG', 'the URL is too long')
    : new MeshError('MESH_HEADERS_TOO_LARGE', 'the headers are too large');
}

/** Whether a packet that overflowed begins with a request line too long for any header to be the reason. */
function isRequestLine(packet: Buffer | undefined): boolean {
  const start = packet?.subarray(0, LONG_LINE).toString('latin1') ?? '';
  return start.length === LONG_LINE && /^[A-Z]+ \S+$/.test(start);
}

const LONG_LINE = 8192;
