import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { MeshError, PROBLEM_TYPE, problemDocument } from '@plugmesh/shared/errors';
import type { Identity } from '@plugmesh/shared/identity';
import { WebSocketServer } from 'ws';
import { serializerFor } from '../socket/serializer.ts';
import { Slices } from '../slices.ts';
import { closedRefusal, originRefusal, versionRefusal, type Admission } from './admission.ts';
import { credentialsOf, withoutToken } from './credentials.ts';
import { WebSocketConnection } from './web-socket-connection.ts';

/** What decides on upgrades. */
export interface UpgradeOptions extends Admission {
  /** Longest frame, in bytes. */
  readonly frameLimit: number;
}

/** A handshake that waits for its turn. */
interface Arrival {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
  readonly identity: Identity;
}

/** How long handshakes are made before other work has its turn. */
const SLICE_MS = 10;

const PATHS = new Set(['/socket/websocket', '/websocket']);

/** Turns HTTP upgrades into sockets, or refuses them with a problem document. */
export class Upgrades {
  readonly #options: UpgradeOptions;
  /** When thousands come at once, after a restart for instance, whoever is in is served between. */
  readonly #arrivals = new Slices<Arrival>({
    ms: SLICE_MS,
    run: (arrival) => {
      this.#accept(arrival);
      return true;
    },
  });
  readonly #server: WebSocketServer;

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.frameLimit,
      // The official client offers `phoenix` beside the protocol that carries its token.
      handleProtocols: (offered) => (offered.has('phoenix') ? 'phoenix' : false),
    });
  }

  /** Listener for `upgrade` of the HTTP server. */
  handle(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => stream.destroy());
    const identity = this.#options.identify(request);
    const arrive = (each: Identity): void =>
      void this.#arrivals.add({ request, stream, head, identity: each });
    if (identity instanceof Promise) void identity.then(arrive);
    else arrive(identity);
  }

  #accept({ request, stream, head, identity }: Arrival): void {
    const query = new URLSearchParams(request.url?.split('?')[1]);
    const serializer = serializerFor(query.get('vsn'));
    const refusal = this.#refusalOf(request);
    if (refusal || !serializer) {
      this.#refuse(stream, refusal ?? versionRefusal(query.get('vsn')));
      return;
    }
    const credentials = credentialsOf(request, query);
    const { headers } = request;
    const offered = withoutToken(headers['sec-websocket-protocol'] ?? '');
    if (offered === '') delete headers['sec-websocket-protocol'];
    else headers['sec-websocket-protocol'] = offered;
    this.#server.handleUpgrade(request, stream, head, (webSocket) => {
      const connection = new WebSocketConnection(webSocket, stream, this.#options.outbound);
      const socket = this.#options.connect(connection, { credentials, identity, serializer });
      webSocket.on('message', (data, isBinary) => socket.receive(data as Buffer, isBinary));
      webSocket.on('close', () => this.#options.disconnect(socket));
      // What `ws` complains about (too big, not UTF-8) it has answered with the right close code.
      webSocket.on('error', (error) => this.#options.onBadFrame(socket, badFrameCode(error)));
    });
  }

  #refuse(stream: Duplex, error: MeshError): void {
    this.#options.onRefused(error);
    refuse(stream, error);
  }

  #refusalOf(request: IncomingMessage): MeshError | undefined {
    const path = request.url?.split('?')[0] ?? '';
    if (!PATHS.has(path)) return new MeshError('MESH_NOT_FOUND', `no socket is served at '${path}'`);
    const { isOriginAllowed, whyClosed } = this.#options;
    return originRefusal(request, isOriginAllowed) ?? closedRefusal(whyClosed());
  }
}

/** The close code with which `ws` answers (RFC 6455 § 7.4.1). */
function badFrameCode(error: NodeJS.ErrnoException): number {
  if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 1009;
  return error.code === 'WS_ERR_INVALID_UTF8' ? 1007 : 1002;
}

function refuse(stream: Duplex, error: MeshError): void {
  const body = JSON.stringify(problemDocument(error));
  const head = [
    `HTTP/1.1 ${error.status} Refused`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(error.status === 503 ? ['Retry-After: 1'] : []),
    'Connection: close',
  ];
  stream.once('finish', () => stream.destroy());
  stream.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
