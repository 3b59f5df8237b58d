import type { UpstreamInstance } from '../upstream/instance.ts';
import type { Exchange } from './exchange.ts';
import { isRepeatable } from './failure.ts';

/** Who has a place at an instance, and who waits for one. */
export class Admissions {
  readonly #admitted = new Map<Exchange, () => void>();
  readonly #send: (exchange: Exchange) => void;

  /** `send` is called with whoever gets a place; it must not throw. */
  constructor(send: (exchange: Exchange) => void) {
    this.#send = send;
  }

  /** Gives a place at the exchange's instance, at once or later. Throws MESH_OVERLOADED when too many wait. */
  admit(exchange: Exchange): void {
    const go = (): void => this.#send(exchange);
    exchange.state = 'waiting';
    this.#admitted.set(exchange, go);
    try {
      exchange.instance.admit(go);
    } catch (error) {
      this.#admitted.delete(exchange);
      throw error;
    }
  }

  /** Takes the place back, or the wish for one. Safe to call twice. */
  leave(exchange: Exchange): void {
    const go = this.#admitted.get(exchange);
    if (!go) return;
    this.#admitted.delete(exchange);
    if (exchange.state !== 'waiting' || !exchange.instance.withdraw(go)) exchange.instance.release();
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
}
