import { MeshError } from '@plugmesh/shared/errors';
import { Agent, request, type ClientRequest, type RequestOptions } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { Ejection } from './ejection.ts';

/** How much one instance may be given. */
export interface InstanceLimits {
  /** Requests at once. */
  readonly inFlight: number;
  /** Requests that wait for one of those places. */
  readonly pending: number;
  /** Unused upstream connections are closed after this time. */
  readonly idleMs: number;
}

/** Plain target object of http-proxy-middleware: a string would be parsed twice per request. */
export interface Target {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
}

/** `unknown` until the first check; `refusing`: it answers, and says that it is not ready. */
export type Health = 'unknown' | 'healthy' | 'unhealthy' | 'refusing';

/** One process of a plugin as this gateway process sees it: its connections, its places, its health. */
export class UpstreamInstance {
  readonly url: string;
  readonly target: Target;
  readonly agent: Agent;
  /** Value of `Host` for it. */
  readonly host: string;
  health: Health = 'unknown';
  /** The mesh document says that it finishes its work and takes no more. */
  draining = false;
  inFlight = 0;
  /** What its answers say of it; `health` is what the checks say. */
  readonly ejection = new Ejection();
  readonly #limits: InstanceLimits;
  readonly #waiting: (() => void)[] = [];
  #retired = false;

  constructor(url: string, limits: InstanceLimits) {
    const { protocol, hostname, port, host } = new URL(url);
    this.url = url;
    this.host = host;
    const secure = protocol === 'https:';
    this.target = {
      protocol,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || (secure ? 443 : 80)),
    };
    this.#limits = limits;
    // Without `timeout` Node ignores the upstream's Keep-Alive hint and sends on connections about to close.
    this.agent = new (secure ? SecureAgent : Agent)({
      keepAlive: true,
      scheduling: 'lifo',
      maxSockets: limits.inFlight,
      timeout: limits.idleMs,
    });
  }

  /** A request to it, not yet sent; by its kept connections unless `options` say otherwise. Throws what Node refuses to send. */
  request(options: RequestOptions): ClientRequest {
    const { protocol, host, port } = this.target;
    const create = protocol === 'https:' ? secureRequest : request;
    return create({ host, port, agent: this.agent, ...options });
  }

  /** Requests that wait for a place. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Calls `go`, which must not throw, as soon as there is a place, at once if possible. Throws when the queue is full. */
  admit(go: () => void): void {
    if (this.inFlight < this.#limits.inFlight) {
      this.inFlight += 1;
      go();
    } else if (this.#waiting.length < this.#limits.pending) this.#waiting.push(go);
    else
      throw new MeshError('MESH_OVERLOADED', 'too many requests wait for this plugin', {
        details: { retryAfter: 1 },
      });
  }

  /** Gives up waiting; false when the place was already given. */
  withdraw(go: () => void): boolean {
    const at = this.#waiting.indexOf(go);
    if (at !== -1) this.#waiting.splice(at, 1);
    return at !== -1;
  }

  /** Gives a place back. */
  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.inFlight -= 1;
    if (this.#retired && this.inFlight === 0) this.agent.destroy();
  }

  /** The document no longer has it: what is in flight ends, then its connections close. */
  retire(): void {
    this.#retired = true;
    if (this.inFlight === 0) this.agent.destroy();
  }
}
