import type { Instance } from '@plugmesh/shared/mesh-document';
import { UpstreamInstance, type InstanceLimits } from './instance.ts';

/** The instances of one plugin (or service). Lives as long as the plugin is in the document. */
export class Pool {
  #instances: readonly UpstreamInstance[] = [];
  readonly #limits: InstanceLimits;

  constructor(limits: InstanceLimits) {
    this.#limits = limits;
  }

  get instances(): readonly UpstreamInstance[] {
    return this.#instances;
  }

  /** Takes over what the document says; instances that stay keep their connections. */
  update(instances: readonly Pick<Instance, 'url' | 'state'>[]): void {
    const before = new Map(this.#instances.map((instance) => [instance.url, instance]));
    this.#instances = instances.map(({ url, state }) => {
      const instance = before.get(url) ?? new UpstreamInstance(url, this.#limits);
      before.delete(url);
      instance.draining = state === 'draining';
      return instance;
    });
    for (const gone of before.values()) gone.retire();
  }

  retire(): void {
    this.update([]);
  }

  /**
   * Picks the less busy of two random candidates ("power of two choices"), never `except`.
   * Healthy ones first; when there is none, those that merely failed to answer (panic mode: the checks may be wrong).
   */
  pick(except?: UpstreamInstance): UpstreamInstance | undefined {
    const only = this.#instances[0];
    if (this.#instances.length === 1)
      return only === except || only?.health === 'refusing' ? undefined : only;
    const usable = this.#instances.filter(
      (one) => one !== except && !one.draining && one.health !== 'refusing',
    );
    const good = usable.filter((one) => one.health !== 'unhealthy');
    return lessBusy(good.length > 0 ? good : usable);
  }
}

function lessBusy(candidates: readonly UpstreamInstance[]): UpstreamInstance | undefined {
  const at = Math.floor(Math.random() * candidates.length);
  const first = candidates[at];
  if (candidates.length < 2) return first;
  const step = 1 + Math.floor(Math.random() * (candidates.length - 1));
  const second = candidates[(at + step) % candidates.length];
  return first && second && second.inFlight < first.inFlight ? second : first;
}
