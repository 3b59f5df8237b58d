import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { MeshError } from '@plugmesh/sdk';
import type { Handshake } from '../outbound/exchange.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Pass } from './passes.ts';
import { handshakeHeaders } from './request-headers.ts';
import type { ProxiedPath } from './proxied-path.ts';
import { responseHeaders } from './response-headers.ts';

/** A WebSocket handshake that is passed on. */
export interface HandshakeErrand extends ProxiedPath {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** How long a client may take for the last bytes of an external system that has closed. */
const LINGER_MS = 1000;
const AGREED = ['sec-websocket-accept', 'sec-websocket-extensions', 'sec-websocket-protocol'];

/** Carries WebSocket handshakes to external systems, and couples the connections of those that agree. */
export class Handshakes {
  readonly #outbound: Outbound;

  constructor(outbound: Outbound) {
    this.#outbound = outbound;
  }

  /** Rejects before anything is written. */
  async carry(errand: HandshakeErrand, pass: Pass): Promise<void> {
    const { request, socket, head } = errand;
    checkHandshake(request);
    const gone = new AbortController();
    const abort = (): void => gone.abort(new Error('the client has gone'));
    // A client that only ends its side waits for nothing, either.
    socket.once('end', abort).once('close', abort);
    const { handshake, target } = await this.#ask(errand, pass, gone.signal);
    socket.off('end', abort);
    if (handshake.kind === 'open') {
      couple(socket, handshake.socket, head, headOf(101, agreed(handshake)));
      pass.end?.addEventListener('abort', () => socket.destroy(), { once: true });
      return;
    }
    const { status, body } = handshake;
    const headers = responseHeaders(handshake, target, errand);
    const own = { ...headers, 'content-length': body.length, connection: 'close' };
    socket.end(Buffer.concat([headOf(status, own), body]), () => socket.destroy());
  }

  async #ask(errand: HandshakeErrand, pass: Pass, signal: AbortSignal) {
    const handshake = await this.#send(errand, pass, signal);
    const isRefused = handshake.kind === 'declined' && handshake.status === 401;
    const other = isRefused ? await pass.again() : undefined;
    if (!other) return { handshake, target: pass.target };
    return { handshake: await this.#send(errand, other, signal), target: other.target };
  }

  #send(
    { request, path }: HandshakeErrand,
    { target, headers }: Pass,
    signal: AbortSignal,
  ): Promise<Handshake> {
    const sent = handshakeHeaders(request.headers, headers);
    return this.#outbound.upgrade(target, { method: 'GET', path, headers: sent, signal });
  }
}

/** RFC 6455 § 4.1; the gateway lets nothing else through. */
function checkHandshake({ method, headers }: IncomingMessage): void {
  const isWebSocket = headers.upgrade?.toLowerCase() === 'websocket';
  if (method === 'GET' && isWebSocket && headers['sec-websocket-key'] !== undefined) return;
  throw new MeshError('MESH_BAD_REQUEST', 'only WebSocket handshakes are passed on');
}

function agreed({ headers }: Handshake): OutgoingHttpHeaders {
  const kept = AGREED.flatMap((name) =>
    headers[name] === undefined ? [] : [[name, headers[name]] as const],
  );
  return { connection: 'Upgrade', upgrade: 'websocket', ...Object.fromEntries(kept) };
}

/** Values come from Node's or undici's parser: no line can end in one. */
function headOf(status: number, headers: OutgoingHttpHeaders): Buffer {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}: ${each}\r\n`),
  );
  return Buffer.from(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Other'}\r\n${lines.join('')}\r\n`,
    'latin1',
  );
}

function couple(socket: Duplex, upstream: Duplex, head: Buffer, answer: Buffer): void {
  socket.write(answer);
  upstream.write(head);
  socket.pipe(upstream);
  upstream.pipe(socket);
  socket.once('close', () => upstream.destroy());
  upstream.once('close', () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('finish', () => socket.destroy());
    socket.once('close', () => clearTimeout(timer));
  });
}
