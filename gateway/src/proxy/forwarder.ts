import { MeshError } from '@plugmesh/shared/errors';
import type { Identity } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayRequest } from '../http/gateway-request.ts';
import type { Route } from '../routes/route.ts';
import type { UpstreamInstance } from '../upstream/instance.ts';
import type { Visit } from '../visit.ts';
import { Admissions } from './admissions.ts';
import { limitBody } from './body-limit.ts';
import { BodylessProxy } from './bodyless-proxy.ts';
import { Exchange, type BodyKind } from './exchange.ts';
import { isNotConnected, isRepeatable, timedOut, unavailable, upstreamError } from './failure.ts';
import type { Proxy } from './proxy.ts';
import { isEventStream, isForwardable, mergeInto, prepareResponse } from './response.ts';
import { limitResponse, type TooLarge } from './response-limit.ts';

/** What the forwarder is given. */
export interface ForwarderParts {
  readonly log: Log;
  /** The proxy is created with this forwarder as its listener, so it comes by a function. */
  proxy(): Proxy;
  /** Answers a client with an error. */
  refuse(req: GatewayRequest, res: ServerResponse, error: unknown, route: Route): void;
  /** Ends a stream of events when the session or key ends that it was asked for with. */
  follow(identity: Identity, res: ServerResponse): void;
  /** Whether the process is about to stop, so that connections should end. */
  isDraining(): boolean;
}

/** Sends requests to instances: a place, a deadline, one retry, and a clear error for everything that goes wrong. */
export class Forwarder {
  readonly #parts: ForwarderParts;
  readonly #bodyless = new BodylessProxy(this);
  readonly #admissions = new Admissions((exchange) => this.#send(exchange));
  readonly #tooLarge: TooLarge = {
    refuse: (exchange, error) => this.#refuse(exchange, error),
    cut: (exchange, error) => this.#warn(exchange, error),
  };

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
  }

  /** Forwards a request whose head is prepared. Throws when there is no instance or no place. */
  forward(visit: Visit, res: ServerResponse, body: BodyKind): void {
    const { route } = visit;
    const instance = route.pool.take();
    if (!instance) throw unavailable(route, 'it has no instance that is ready');
    const exchange = new Exchange(visit, res, body, instance);
    if (body === 'chunked') limitBody(exchange);
    this.#admissions.admit(exchange);
    res.once('close', () => this.#end(exchange));
    exchange.watch(() => this.#expire(exchange));
  }

  /** The request has its connection to the instance. */
  sent(exchange: Exchange, proxyReq: ClientRequest): void {
    exchange.proxyReq = proxyReq;
    // Node closes some exchanges without an error (an answer of 101 that nobody asked for): no request stays unanswered.
    proxyReq.once('close', () => {
      if (exchange.proxyReq === proxyReq && exchange.state === 'asking' && !exchange.res.headersSent) {
        this.failed(exchange, new Error('closed without an answer'));
      }
    });
    if (exchange.stopped || exchange.state === 'over') proxyReq.destroy(exchange.stopped);
  }

  /** The instance has answered with a head. Never throws: that would end the process, and one request must not. */
  responded(exchange: Exchange, proxyRes: IncomingMessage): void {
    try {
      this.#answer(exchange, proxyRes);
    } catch (error) {
      proxyRes.destroy();
      this.#break(exchange, error);
    }
  }

  /** The request failed, by the instance, the network, the client, or because we stopped it. Never throws, either. */
  failed(exchange: Exchange, error: Error): void {
    try {
      this.#recover(exchange, error);
    } catch (cause) {
      this.#break(exchange, cause);
    }
  }

  /** An instance has stopped answering checks: what nobody would notice is asked of another one, the rest may wait on. */
  abandon(instance: UpstreamInstance): void {
    this.#admissions.abandon(instance);
  }

  #answer(exchange: Exchange, proxyRes: IncomingMessage): void {
    const { req, res, route, visit } = exchange;
    if (res.headersSent || !isForwardable(proxyRes)) {
      proxyRes.destroy();
      exchange.judge(false, this.#parts.log);
      if (!res.headersSent) this.#refuse(exchange, upstreamError(route, new Error('status out of range')));
      return;
    }
    const isEndless = isEventStream(proxyRes);
    if (!isEndless && limitResponse(exchange, proxyRes, this.#tooLarge)) return;
    exchange.answering(isEndless);
    if (isEndless) this.#parts.follow(visit.identity, res);
    if ((proxyRes.statusCode ?? 0) >= 500) exchange.judge(false, this.#parts.log);
    prepareResponse(proxyRes, route, { requestId: req.requestId, forClient: visit.forClient });
    mergeInto(res, proxyRes, this.#parts.isDraining());
  }

  #recover(exchange: Exchange, error: Error): void {
    const { req, res, route } = exchange;
    if (exchange.state === 'over') return;
    // Before anything else: the library cuts the client off when an answer breaks off.
    if (!exchange.stopped && !exchange.isUploading) exchange.judge(false, this.#parts.log);
    if (req.socket.destroyed) return;
    if (res.headersSent) {
      // Half an answer must not look whole.
      res.destroy();
    } else if (exchange.stopped) this.#refuse(exchange, exchange.stopped);
    else if (!this.#retry(exchange, error)) this.#refuse(exchange, upstreamError(route, error));
  }

  #send(exchange: Exchange): void {
    exchange.begin();
    try {
      if (exchange.bodyKind === 'none') this.#bodyless.send(exchange);
      else this.#parts.proxy().web(exchange.req, exchange.res);
    } catch (error) {
      this.#parts.refuse(exchange.req, exchange.res, error, exchange.route);
    }
  }

  /** Once more on another instance, or on the same one when only a kept connection had gone stale. */
  #retry(exchange: Exchange, error: Error): boolean {
    const { instance, proxyReq, route } = exchange;
    if (isNotConnected(error)) instance.health = 'unhealthy';
    if (!isRepeatable(exchange, error)) return false;
    const stale = proxyReq?.reusedSocket === true && !isNotConnected(error);
    const next = route.pool.takeOther(instance, stale);
    if (!next) return false;
    this.#admissions.leave(exchange);
    exchange.instance = next;
    try {
      this.#admissions.admit(exchange);
    } catch {
      return false;
    }
    return true;
  }

  #expire(exchange: Exchange): void {
    const { req, res, route, permission, state, isInstanceSlow } = exchange;
    if (isInstanceSlow) exchange.judge(false, this.#parts.log);
    if (state === 'answering') {
      res.destroy();
      return;
    }
    const error =
      req.complete || isInstanceSlow
        ? timedOut(route, permission.timeoutMs)
        : new MeshError('MESH_REQUEST_TIMEOUT', `nothing of the body came for ${permission.timeoutMs} ms`);
    if (!exchange.stop(error)) this.#refuse(exchange, error);
  }

  #refuse(exchange: Exchange, error: MeshError): void {
    const { req, res, route } = exchange;
    if (error.status >= 500) this.#warn(exchange, error);
    this.#parts.refuse(req, res, error, route);
  }

  #warn({ req, route, instance }: Exchange, error: MeshError): void {
    const fields = { plugin: route.id, instance: instance.url, requestId: req.requestId, code: error.code };
    this.#parts.log.warn({ ...fields, reason: (error.cause as Error | undefined)?.message }, error.message);
  }

  /** The gateway itself is at fault: nobody knows what the client has been told so far. */
  #break({ req }: Exchange, error: unknown): void {
    this.#parts.log.error({ err: error, requestId: req.requestId }, 'the gateway failed while forwarding');
    req.socket.destroy();
  }

  #end(exchange: Exchange): void {
    const { res, startedAt, route } = exchange;
    // Only now: a head may be fine and the body break off.
    if (exchange.state === 'answering' && res.writableFinished) exchange.judge(true, this.#parts.log);
    this.#admissions.leave(exchange);
    exchange.end();
    if (!res.writableFinished) exchange.proxyReq?.destroy();
    route.meter.observe(res.headersSent ? res.statusCode : 0, performance.now() - startedAt);
  }
}
