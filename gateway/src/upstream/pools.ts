import type { MeshDocument } from '@plugmesh/shared/mesh-document';
import type { CheckedInstance } from './health-checks.ts';
import type { InstanceLimits } from './instance.ts';
import { Pool, type InstanceState, type PoolMeter } from './pool.ts';

/** How many instances of a plugin are in which state, and how much they have to do. */
export interface PoolReading {
  readonly plugin: string;
  readonly states: Readonly<Record<string, number>>;
  /** Requests at the instances. */
  readonly inFlight: number;
  /** Requests that wait for a place. */
  readonly waiting: number;
}

/** How one instance is seen from here, as the control process is told. */
export interface InstanceReport {
  readonly plugin: string;
  readonly url: string;
  readonly state: InstanceState;
  readonly inFlight: number;
  readonly waiting: number;
}

/** All pools of this process, by id of plugin or service. They outlive documents: what did not change keeps its connections. */
export class Pools {
  readonly #limits: InstanceLimits;
  readonly #meterOf: (id: string) => PoolMeter;
  readonly #pools = new Map<string, Pool>();

  constructor(limits: InstanceLimits, meterOf: (id: string) => PoolMeter) {
    this.#limits = limits;
    this.#meterOf = meterOf;
  }

  /** How all instances are at this moment. */
  reports(): InstanceReport[] {
    return [...this.#pools].flatMap(([plugin, pool]) =>
      pool.states().map(({ instance: { url, inFlight, waiting }, state }) => ({
        plugin,
        url,
        state,
        inFlight,
        waiting,
      })),
    );
  }

  /** How all pools are at this moment. */
  readings(): PoolReading[] {
    const byPlugin = Object.groupBy(this.reports(), ({ plugin }) => plugin);
    return Object.entries(byPlugin).map(([plugin, all = []]) => ({
      plugin,
      states: countBy(all.map(({ state }) => state)),
      inFlight: all.reduce((sum, { inFlight }) => sum + inFlight, 0),
      waiting: all.reduce((sum, { waiting }) => sum + waiting, 0),
    }));
  }

  get(id: string): Pool {
    let pool = this.#pools.get(id);
    if (!pool) {
      pool = new Pool({ limits: this.#limitsOf(id), meter: this.#meterOf(id) });
      this.#pools.set(id, pool);
    }
    return pool;
  }

  /** Takes over a document's instances and returns those of plugins, which are to be checked. */
  update(document: MeshDocument): CheckedInstance[] {
    const known = new Set(['mesh', 'channel', ...document.plugins.map(({ id }) => id)]);
    for (const [id, pool] of this.#pools) {
      if (known.has(id)) continue;
      pool.retire();
      this.#pools.delete(id);
    }
    this.get('mesh').update([{ url: document.control.url, state: 'ready' }]);
    this.get('channel').update([{ url: document.channel.url, state: 'ready' }]);
    return document.plugins.flatMap(({ id, instances, http }) => {
      this.get(id).update(instances);
      return this.get(id).instances.map((instance) => ({ instance, path: http.health }));
    });
  }

  /** Clients of channel that poll wait by the thousand, each in a request; channel itself limits how many there are. */
  #limitsOf(id: string): InstanceLimits {
    return id === 'channel' ? { ...this.#limits, inFlight: Infinity } : this.#limits;
  }

  /** Closes the connections of all instances. */
  stop(): void {
    for (const pool of this.#pools.values()) pool.retire();
    this.#pools.clear();
  }
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
