import { MeshError } from '@plugmesh/shared/errors';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Visit } from './visit.ts';

const LOOK_MS = 1000;
const RESOLUTION_MS = 20;
/** Late seconds that are borne: a pause, a busy neighbour. */
const BORNE = 2;
/** Late seconds behind those until everything is refused. */
const STEPS = 5;

/**
 * Refuses new work while the process does not keep up, so that what it has begun is finished. The sign is the delay of
 * the event loop. Each late second refuses a fifth more, each second in time a fifth less: it settles where the process
 * just keeps up, instead of going from all to nothing and back.
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

  /** The share of new work that is refused, 0 to 1. */
  get share(): number {
    return Math.max(0, this.#late - BORNE) / STEPS;
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
    const isLate = delayMs > this.#limitMs;
    this.#late = isLate ? Math.min(this.#late + 1, BORNE + STEPS) : Math.max(this.#late - 1, 0);
  }

  /** A step of every visit. The control process stays reachable: it is how somebody looks for the reason. */
  readonly check = ({ route }: Visit): undefined => {
    const { share } = this;
    if (share === 0 || route.id === 'mesh' || Math.random() >= share) return undefined;
    throw new MeshError('MESH_OVERLOADED', 'the gateway does not keep up with its work', {
      details: { retryAfter: LOOK_MS / 1000 },
    });
  };
}
