import { MeshError } from '@plugmesh/shared/errors';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Visit } from './visit.ts';

/** How often the delay is looked at; of so many looks in a row each must be above the limit. */
const LOOK_MS = 1000;
const LOOKS = 2;
const RESOLUTION_MS = 20;

/**
 * Refuses new work while the process does not keep up, so that what it has begun is finished. The sign is the delay of
 * the event loop: 99 in 100 turns on time for a second is fine, and a single pause is nobody's overload.
 */
export class LoadShedder {
  readonly #limitMs: number;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #late = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `limitMs`: delay of the event loop (99th percentile of a second) that is too long. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  get isShedding(): boolean {
    return this.#late >= LOOKS;
  }

  start(): void {
    this.#delay.enable();
    this.#timer ??= setInterval(() => {
      this.look(this.#delay.percentile(99) / 1e6);
      this.#delay.reset();
    }, LOOK_MS);
  }

  stop(): void {
    this.#delay.disable();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Takes over the delay of the last second, in milliseconds. */
  look(delayMs: number): void {
    this.#late = delayMs > this.#limitMs ? this.#late + 1 : 0;
  }

  /** A step of every visit. The control process stays reachable: it is how somebody looks for the reason. */
  readonly check = ({ route }: Visit): undefined => {
    if (!this.isShedding || route.id === 'mesh') return undefined;
    throw new MeshError('MESH_OVERLOADED', 'the gateway does not keep up with its work', {
      details: { retryAfter: LOOK_MS / 1000 },
    });
  };
}
