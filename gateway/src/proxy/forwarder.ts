import { MeshError } from '@plugmesh/shared/errors';
import type { Identity } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayRequest } from '../http/gateway-request.ts';
import type { Route } from '../routes/route.ts';
import type { UpstreamInstance } from '../upstream/instance.ts';
import type { Visit } from '../visit.ts';
import { limitBody, limitResponse } from './body-limit.ts';
import { BodylessProxy } from './bodyless-proxy.ts';
import { Exchange, type BodyKind } from './exchange.ts';
import {
  isNotConnected,
  isRepeatable,
  judgeInstance,
  responseTooLarge,
  timedOut,
  unavailable,
  upstreamError,
} from './failure.ts';
import type { Proxy } from './proxy.ts';
import { isEventStream, isForwardable, mergeInto, prepareResponse } from './response.ts';

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
  readonly #admitted = new Map<Exchange, () => void>();

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
    this.#admit(exchange);
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

  #answer(exchange: Exchange, proxyRes: IncomingMessage): void {
    const { req, res, route, visit } = exchange;
    if (res.headersSent || !isForwardable(proxyRes)) {
      proxyRes.destroy();
      this.#judge(exchange, false);
      if (!res.headersSent) this.#refuse(exchange, upstreamError(route, new Error('status out of range')));
      return;
    }
    const isEndless = isEventStream(proxyRes);
    if (!isEndless && this.#isTooLong(exchange, proxyRes)) return;
    exchange.answering(isEndless);
    if (isEndless) this.#parts.follow(visit.identity, res);
    if ((proxyRes.statusCode ?? 0) >= 500) this.#judge(exchange, false);
    prepareResponse(proxyRes, route, { requestId: req.requestId, forClient: visit.forClient });
    mergeInto(res, proxyRes, this.#parts.isDraining());
  }

  /** Refuses an answer that says it is longer than the route allows, and cuts one that does not say. */
  #isTooLong(exchange: Exchange, proxyRes: IncomingMessage): boolean {
    const { req, route, permission } = exchange;
    const { maxResponse } = permission;
    if (maxResponse === undefined || req.method === 'HEAD') return false;
    if (Number(proxyRes.headers['content-length'] ?? 0) > maxResponse) {
      proxyRes.destroy();
      this.#refuse(exchange, responseTooLarge(route, maxResponse));
      return true;
    }
    limitResponse(proxyRes, maxResponse, () => {
      this.#warn(exchange, responseTooLarge(route, maxResponse));
      // Not `res`: the pipe writes this very chunk to it next.
      req.socket.destroy();
    });
    return false;
  }

  #recover(exchange: Exchange, error: Error): void {
    const { req, res, route } = exchange;
    if (exchange.state === 'over') return;
    // Before anything else: the library cuts the client off when an answer breaks off.
    if (!exchange.stopped) this.#judge(exchange, false);
    if (req.socket.destroyed) return;
    if (res.headersSent) {
      // Half an answer must not look whole.
      res.destroy();
    } else if (exchange.stopped) this.#refuse(exchange, exchange.stopped);
    else if (!this.#retry(exchange, error)) this.#refuse(exchange, upstreamError(route, error));
  }

  /** An instance has stopped answering checks: what nobody would notice is asked of another one, the rest may wait on. */
  abandon(instance: UpstreamInstance): void {
    const error = new Error('the instance has stopped answering');
    for (const exchange of this.#admitted.keys()) {
      const isWaiting = exchange.instance === instance && exchange.state === 'asking';
      if (!isWaiting || !isRepeatable(exchange, error) || !exchange.route.pool.hasOther(instance)) continue;
      exchange.proxyReq?.destroy(error);
    }
  }

  #admit(exchange: Exchange): void {
    const go = (): void => {
      try {
        this.#send(exchange);
      } catch (error) {
        this.#parts.refuse(exchange.req, exchange.res, error, exchange.route);
      }
    };
    exchange.state = 'waiting';
    this.#admitted.set(exchange, go);
    try {
      exchange.instance.admit(go);
    } catch (error) {
      this.#admitted.delete(exchange);
      throw error;
    }
  }

  #send(exchange: Exchange): void {
    exchange.state = 'asking';
    exchange.tries += 1;
    exchange.judged = false;
    exchange.proxyReq = undefined;
    exchange.req.headers.host = exchange.instance.host;
    exchange.req.exchange = exchange;
    if (exchange.bodyKind === 'none') this.#bodyless.send(exchange);
    else this.#parts.proxy().web(exchange.req, exchange.res);
  }

  #leave(exchange: Exchange): void {
    const go = this.#admitted.get(exchange);
    if (!go) return;
    this.#admitted.delete(exchange);
    if (exchange.state !== 'waiting' || !exchange.instance.withdraw(go)) exchange.instance.release();
  }

  /** Once more on another instance, or on the same one when only a kept connection had gone stale. */
  #retry(exchange: Exchange, error: Error): boolean {
    const { instance, proxyReq, route } = exchange;
    if (isNotConnected(error)) instance.health = 'unhealthy';
    if (!isRepeatable(exchange, error)) return false;
    const stale = proxyReq?.reusedSocket === true && !isNotConnected(error);
    const next = route.pool.takeOther(instance, stale);
    if (!next) return false;
    this.#leave(exchange);
    exchange.instance = next;
    try {
      this.#admit(exchange);
    } catch {
      return false;
    }
    return true;
  }

  #expire(exchange: Exchange): void {
    const { req, res, route, permission, state, isInstanceSlow } = exchange;
    if (isInstanceSlow) this.#judge(exchange, false);
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

  /** Tells the pool how the instance has done, once for each try. */
  #judge(exchange: Exchange, isGood: boolean): void {
    if (exchange.judged) return;
    exchange.judged = true;
    const { route, instance } = exchange;
    judgeInstance(route, instance, { isGood, log: this.#parts.log });
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
    if (exchange.state === 'answering' && res.writableFinished) this.#judge(exchange, true);
    this.#leave(exchange);
    exchange.end();
    if (!res.writableFinished) exchange.proxyReq?.destroy();
    route.meter.observe(res.headersSent ? res.statusCode : 0, performance.now() - startedAt);
  }
}
