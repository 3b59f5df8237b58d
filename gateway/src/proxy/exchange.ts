import type { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import type { ClientRequest, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { GatewayRequest } from '../http/gateway-request.ts';
import type { Permission, Route } from '../routes/route.ts';
import type { UpstreamInstance } from '../upstream/instance.ts';
import type { Visit } from '../visit.ts';
import type { Admission } from './admissions.ts';
import { judgeInstance } from './failure.ts';

/** `waiting` for a place, `asking` until the response head, `answering` after it, then `over`. */
export type ExchangeState = 'waiting' | 'asking' | 'answering' | 'over';

/** How a request's body is framed: not there, of a declared length, or chunked. */
export type BodyKind = 'none' | 'length' | 'chunked';

/** One request on its way through the gateway, with its answer, its instance and its deadline. */
export class Exchange {
  readonly kind = 'request';
  readonly visit: Visit;
  readonly req: GatewayRequest;
  readonly res: ServerResponse;
  readonly route: Route;
  readonly permission: Permission;
  readonly startedAt = performance.now();
  readonly bodyKind: BodyKind;
  state: ExchangeState = 'waiting';
  instance: UpstreamInstance;
  tries = 0;
  /** While it has a place at the instance, or waits for one. */
  admission: Admission | undefined;
  /** The request to the instance, from its socket on. */
  proxyReq: ClientRequest | undefined;
  /** Replaces `req` as the source of the body, when its bytes must be counted. */
  body: Readable | undefined;
  /** Why the gateway itself ended it. */
  stopped: MeshError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #progress = -1;
  #isJudged = false;

  constructor(visit: Visit, res: ServerResponse, bodyKind: BodyKind, instance: UpstreamInstance) {
    this.visit = visit;
    this.req = visit.req;
    this.res = res;
    this.route = visit.route;
    this.permission = visit.permission;
    this.bodyKind = bodyKind;
    this.instance = instance;
  }

  /** Starts the clock; `expire` is called when nothing has moved for the route's time. */
  watch(expire: (exchange: Exchange) => void): void {
    this.#timer = setTimeout(() => this.#onTime(expire), this.permission.timeoutMs);
  }

  /** Begins a try with the instance, which has a place for it. */
  begin(): void {
    this.state = 'asking';
    this.tries += 1;
    this.#isJudged = false;
    this.proxyReq = undefined;
    this.req.headers.host = this.instance.host;
    this.req.exchange = this;
  }

  /** Tells the pool how the instance has done, once for each try. */
  judge(isGood: boolean, log: Log): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    judgeInstance(this.route, this.instance, { isGood, log });
  }

  /** The response head is here: from now on the deadline is idle time, or none for streams. */
  answering(endless: boolean): void {
    this.state = 'answering';
    if (endless) clearTimeout(this.#timer);
    else this.#timer?.refresh();
  }

  /** Whether it is the instance that keeps everybody waiting: it has all of the request, or does not take the rest. */
  get isInstanceSlow(): boolean {
    if (this.state === 'answering') return !this.res.writableNeedDrain;
    return this.state === 'asking' && (this.req.complete || this.proxyReq?.writableNeedDrain === true);
  }

  /**
   * Whether a body is still on its way. A connection that breaks then says nothing of the instance: it may have answered
   * without waiting for a body that it does not want, which any client can bring about.
   */
  get isUploading(): boolean {
    return this.bodyKind !== 'none' && !this.req.complete;
  }

  /** Ends the request to the instance because of `error`; false when there is none yet. */
  stop(error: MeshError): boolean {
    this.stopped ??= error;
    if (!this.proxyReq || this.proxyReq.destroyed) return false;
    this.proxyReq.destroy(error);
    return true;
  }

  end(): void {
    this.state = 'over';
    clearTimeout(this.#timer);
  }

  #onTime(expire: (exchange: Exchange) => void): void {
    if (this.#hasMoved()) this.#timer?.refresh();
    else expire(this);
  }

  /** While a body moves the deadline waits: a large upload is not a slow plugin. */
  #hasMoved(): boolean {
    if (this.state !== 'answering' && this.req.complete) return false;
    const progress = this.req.socket.bytesRead + (this.proxyReq?.socket?.bytesRead ?? 0);
    const moved = progress !== this.#progress;
    this.#progress = progress;
    return moved;
  }
}
