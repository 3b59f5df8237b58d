import type { MeshError } from '@plugmesh/shared/errors';
import { inRandomSlices } from '@plugmesh/shared/lifecycle';
import type { Log } from '@plugmesh/shared/log';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { GatewayRequest } from '../http/gateway-request.ts';
import { addForClient } from '../http/client-headers.ts';
import { cleanResponseHeaders } from '../http/headers.ts';
import { endGently } from '../http/problem.ts';
import type { Route } from '../routes/route.ts';
import type { Visit } from '../visit.ts';
import { isNotConnected, judgeInstance, timedOut, unavailable, upstreamError } from './failure.ts';
import type { Passage } from './passage.ts';
import type { Proxy } from './proxy.ts';
import { isForwardable, prepareResponse } from './response.ts';

/** What the upgrader is given. */
export interface UpgraderParts {
  readonly log: Log;
  readonly sockets: { inc(): void; dec(): void };
  proxy(): Proxy;
  refuse(req: GatewayRequest, socket: Duplex, error: MeshError, route: Route): void;
}

/** Sends WebSocket handshakes to instances and couples the two connections once the instance has agreed. */
export class Upgrader {
  readonly #parts: UpgraderParts;
  readonly #open = new Set<Duplex>();

  constructor(parts: UpgraderParts) {
    this.#parts = parts;
  }

  /** Forwards a handshake whose head is prepared. Throws when there is no instance. */
  forward(visit: Visit, socket: Socket, head: Buffer): void {
    const { req, route, permission } = visit;
    const instance = route.pool.take();
    if (!instance) throw unavailable(route, 'it has no instance that is ready');
    req.headers.host = instance.host;
    req.headers.connection = 'Upgrade';
    req.headers.upgrade = 'websocket';
    req.exchange = {
      kind: 'upgrade',
      visit,
      req,
      socket,
      route,
      instance,
      timeoutMs: permission.timeoutMs,
      state: 'asking',
    };
    this.#parts.proxy().upgrade(req, socket, head);
  }

  /** The handshake is being sent; its answer is cleaned before the library copies it to the client. */
  upgrading(passage: Passage, proxyReq: ClientRequest): void {
    const { socket } = passage;
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      // Neither the instance nor a drain waits for a client that is gone.
      if (passage.state === 'asking') proxyReq.destroy();
    });
    proxyReq.on('upgrade', (proxyRes: IncomingMessage, upstream: Duplex) => {
      passage.state = 'open';
      this.#judge(passage, true);
      cleanResponseHeaders(proxyRes.headers);
      addForClient(proxyRes.headers, passage.visit.forClient);
      Object.assign(proxyRes.headers, { connection: 'Upgrade', upgrade: 'websocket' });
      this.#couple(passage.socket, upstream);
    });
    proxyReq.on('response', (proxyRes: IncomingMessage) => this.#declined(passage, proxyReq, proxyRes));
  }

  failed(passage: Passage, error: Error): void {
    const { req, socket, route, instance, timeoutMs, state } = passage;
    if (state === 'over') return;
    if (state !== 'asking') {
      // Half an answer must not look whole, and a second one would be read as its body.
      socket.destroy();
      return;
    }
    // A client that has gone ends its handshake, too.
    if (!socket.destroyed) this.#judge(passage, false);
    if (isNotConnected(error)) instance.health = 'unhealthy';
    const late = (error as NodeJS.ErrnoException).code === 'ERR_UPSTREAM_UPGRADE_TIMEOUT';
    const problem = late ? timedOut(route, timeoutMs) : upstreamError(route, error);
    if (socket.destroyed) return;
    this.#parts.log.warn(
      { plugin: route.id, requestId: req.requestId, reason: error.message },
      problem.message,
    );
    this.#parts.refuse(req, socket, problem, route);
  }

  /** Ends all WebSockets, open or still asked for, within this time: not all clients come back at once. */
  async drain(longestMs: number): Promise<void> {
    await inRandomSlices([...this.#open], (socket) => endGently(socket), longestMs);
  }

  /** The instance answers as if it had been an ordinary request: the library copies that, and the connection ends. */
  #declined(passage: Passage, proxyReq: ClientRequest, proxyRes: IncomingMessage): void {
    const { req, socket, route, visit } = passage;
    const isValid = isForwardable(proxyRes);
    this.#judge(passage, isValid && (proxyRes.statusCode ?? 0) < 500);
    if (!isValid) {
      passage.state = 'over';
      this.#parts.refuse(req, socket, upstreamError(route, new Error('status out of range')), route);
      proxyReq.destroy();
      return;
    }
    passage.state = 'declined';
    prepareResponse(proxyRes, route, { requestId: req.requestId, forClient: visit.forClient });
    // Nobody else would close a connection whose client keeps its own half open.
    proxyRes.once('close', () => endGently(socket));
  }

  #judge({ route, instance }: Passage, isGood: boolean): void {
    judgeInstance(route, instance, { isGood, log: this.#parts.log });
  }

  #couple(socket: Duplex, upstream: Duplex): void {
    this.#parts.sockets.inc();
    socket.once('close', () => {
      this.#parts.sockets.dec();
      upstream.destroy();
    });
    upstream.once('close', () => endGently(socket));
  }
}
