import type { UpstreamInstance } from '../upstream/instance.ts';
import type { Exchange } from './exchange.ts';
import { isRepeatable } from './failure.ts';

/** An exchange's entry among the admitted ones. */
export interface Admission {
  at: number;
  readonly go: () => void;
}

/** Who has a place at an instance, and who waits for one. */
export class Admissions {
  /**
   * In no order. Not a Map: the tables that it leaves behind as it goes on refer to one another, and keep whoever was in them
   * until a full collection, which costs more than forwarding.
   */
  readonly #admitted: Exchange[] = [];
  readonly #send: (exchange: Exchange) => void;

  /** `send` is called with whoever gets a place; it must not throw. */
  constructor(send: (exchange: Exchange) => void) {
    this.#send = send;
  }

  /** Gives a place at the exchange's instance, at once or later. Throws MESH_OVERLOADED when too many wait. */
  admit(exchange: Exchange): void {
    const go = (): void => this.#send(exchange);
    exchange.state = 'waiting';
    exchange.admission = { at: this.#admitted.length, go };
    this.#admitted.push(exchange);
    try {
      exchange.instance.admit(go);
    } catch (error) {
      this.#remove(exchange);
      throw error;
    }
  }

  /** Takes the place back, or the wish for one. Safe to call twice. */
  leave(exchange: Exchange): void {
    const { admission, instance, state } = exchange;
    if (!admission) return;
    this.#remove(exchange);
    if (state !== 'waiting' || !instance.withdraw(admission.go)) instance.release();
  }

  /** An instance has stopped answering checks: what nobody would notice is asked of another one, the rest may wait on. */
  abandon(instance: UpstreamInstance): void {
    const error = new Error('the instance has stopped answering');
    for (const exchange of [...this.#admitted]) {
      const isWaiting = exchange.instance === instance && exchange.state === 'asking';
      if (!isWaiting || !isRepeatable(exchange, error) || !exchange.route.pool.hasOther(instance)) continue;
      exchange.proxyReq?.destroy(error);
    }
  }

  /** The last one takes its place in the list. */
  #remove(exchange: Exchange): void {
    const last = this.#admitted.pop();
    if (!exchange.admission || !last?.admission) return;
    if (last !== exchange) {
      last.admission.at = exchange.admission.at;
      this.#admitted[last.admission.at] = last;
    }
    exchange.admission = undefined;
  }
}
