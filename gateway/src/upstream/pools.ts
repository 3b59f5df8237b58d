import type { MeshDocument } from '@plugmesh/shared/mesh-document';
import type { CheckedInstance } from './health-checks.ts';
import type { InstanceLimits } from './instance.ts';
import { Pool } from './pool.ts';

/** All pools of this process, by id of plugin or service. They outlive documents: what did not change keeps its connections. */
export class Pools {
  readonly #limits: InstanceLimits;
  readonly #pools = new Map<string, Pool>();

  constructor(limits: InstanceLimits) {
    this.#limits = limits;
  }

  get(id: string): Pool {
    let pool = this.#pools.get(id);
    if (!pool) this.#pools.set(id, (pool = new Pool(this.#limitsOf(id))));
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
