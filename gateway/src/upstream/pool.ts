import type { Instance } from '@plugmesh/shared/mesh-document';
import { OUT_MS } from './ejection.ts';
import { UpstreamInstance, type Health, type InstanceLimits } from './instance.ts';
import { RetryBudget } from './retry-budget.ts';

/** How an instance is seen from a gateway process. */
export type InstanceState = Health | 'draining' | 'ejected';

/** What is counted about a pool. */
export interface PoolMeter {
  /** A request was sent once more (`sent`), or not, because the budget was used up (`refused`). */
  retried(result: 'sent' | 'refused'): void;
  ejected(): void;
  /** No instance was good, so that all were used. */
  panicked(): void;
}

/** What a pool is given. */
export interface PoolParts {
  readonly limits: InstanceLimits;
  readonly meter: PoolMeter;
  /** A clock in milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

/** The instances of one plugin (or service). Lives as long as the plugin is in the document. */
export class Pool {
  #instances: readonly UpstreamInstance[] = [];
  readonly #limits: InstanceLimits;
  readonly #meter: PoolMeter;
  readonly #now: () => number;
  readonly #budget = new RetryBudget();
  #pardonedUntil = -Infinity;

  constructor({ limits, meter, now = () => performance.now() }: PoolParts) {
    this.#limits = limits;
    this.#meter = meter;
    this.#now = now;
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

  /** Picks an instance for a request that comes for the first time. */
  take(): UpstreamInstance | undefined {
    this.#budget.earn();
    return this.pick();
  }

  /** Picks an instance for a request that `failed` could not answer: another one, or that one again when it `mayRepeat`. */
  takeOther(failed: UpstreamInstance, mayRepeat: boolean): UpstreamInstance | undefined {
    const next = this.pick(failed) ?? (mayRepeat ? failed : undefined);
    if (!next) return undefined;
    const isAllowed = this.#budget.spend();
    this.#meter.retried(isAllowed ? 'sent' : 'refused');
    return isAllowed ? next : undefined;
  }

  /**
   * Picks the less busy of two random candidates ("power of two choices"), never `except`. Good ones first; when there
   * is none, those that merely failed (panic mode: what we think of them may be wrong).
   */
  pick(except?: UpstreamInstance): UpstreamInstance | undefined {
    const only = this.#instances[0];
    if (this.#instances.length === 1)
      return only === except || only?.health === 'refusing' ? undefined : only;
    const now = this.#now();
    const isChoice = (one: UpstreamInstance): boolean => one !== except && !one.draining && isGood(one, now);
    // Nearly always both are good, and no list has to be made.
    const drawn = drawTwo(this.#instances);
    if (drawn?.every(isChoice)) return lessBusy(drawn);
    const good = this.#instances.filter(isChoice);
    return good.length > 0 ? pickOf(good) : this.#panic(except);
  }

  /** Whether another instance is good. */
  hasOther(than: UpstreamInstance): boolean {
    const now = this.#now();
    return this.#instances.some((one) => one !== than && !one.draining && isGood(one, now));
  }

  /** A request to it went well. */
  succeeded(instance: UpstreamInstance): void {
    instance.ejection.succeeded();
  }

  /**
   * A request to it went wrong by its doing. Returns for how many milliseconds it is left out because of that, or 0:
   * at most half of the instances are out at a time. When all fail, the fault is elsewhere, and all are asked.
   */
  failed(instance: UpstreamInstance): number {
    const now = this.#now();
    const { ejection } = instance;
    ejection.failed();
    if (!ejection.isDue || ejection.isOut(now) || now < this.#pardonedUntil) return 0;
    const serving = this.#instances.filter(({ draining }) => !draining);
    const others = serving.filter((one) => one !== instance);
    const out = others.filter((one) => !isGood(one, now)).length;
    if (out + 1 <= serving.length / 2) {
      this.#meter.ejected();
      return ejection.eject(now);
    }
    if (others.every((one) => !isGood(one, now) || one.ejection.isDue)) this.#pardonAll(now);
    return 0;
  }

  /** Every instance with how it is seen from here. */
  states(): { readonly instance: UpstreamInstance; readonly state: InstanceState }[] {
    const now = this.#now();
    return this.#instances.map((instance) => ({ instance, state: stateOf(instance, now) }));
  }

  #panic(except: UpstreamInstance | undefined): UpstreamInstance | undefined {
    const usable = this.#instances.filter(
      (one) => one !== except && !one.draining && one.health !== 'refusing',
    );
    if (usable.length > 0) this.#meter.panicked();
    return pickOf(usable);
  }

  #pardonAll(now: number): void {
    for (const { ejection } of this.#instances) ejection.pardon();
    this.#pardonedUntil = now + OUT_MS;
  }
}

function stateOf({ draining, health, ejection }: UpstreamInstance, now: number): InstanceState {
  if (draining) return 'draining';
  return ejection.isOut(now) ? 'ejected' : health;
}

function isGood({ health, ejection }: UpstreamInstance, now: number): boolean {
  return health !== 'unhealthy' && health !== 'refusing' && !ejection.isOut(now);
}

function pickOf(candidates: readonly UpstreamInstance[]): UpstreamInstance | undefined {
  const drawn = drawTwo(candidates);
  return drawn ? lessBusy(drawn) : candidates[0];
}

type Two = readonly [UpstreamInstance, UpstreamInstance];

/** Two different ones; undefined where there are no two. */
function drawTwo(candidates: readonly UpstreamInstance[]): Two | undefined {
  const at = Math.floor(Math.random() * candidates.length);
  const step = 1 + Math.floor(Math.random() * (candidates.length - 1));
  const [first, second] = [candidates[at], candidates[(at + step) % candidates.length]];
  return first && second && first !== second ? [first, second] : undefined;
}

function lessBusy([first, second]: Two): UpstreamInstance {
  return load(second) < load(first) ? second : first;
}

function load({ inFlight, waiting }: UpstreamInstance): number {
  return inFlight + waiting;
}
