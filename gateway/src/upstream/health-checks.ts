import type { Log } from '@plugmesh/shared/log';
import type { Health, UpstreamInstance } from './instance.ts';

/** When and how instances are checked; Envoy's defaults. */
export interface HealthRules {
  readonly intervalMs: number;
  /** The interval for instances that are not healthy, or have just failed a check: their requests may be failing meanwhile. */
  readonly recoveryMs: number;
  readonly timeoutMs: number;
  /** Checks in a row until an instance is out. */
  readonly failures: number;
  /** Checks in a row until it is in again. */
  readonly successes: number;
}

const HEALTH_RULES: HealthRules = {
  intervalMs: 5000,
  recoveryMs: 1000,
  timeoutMs: 1000,
  failures: 3,
  successes: 2,
};

/** An instance to check and the path it answers at. */
export interface CheckedInstance {
  readonly instance: UpstreamInstance;
  readonly path: string;
}

interface Trail {
  good: number;
  bad: number;
  askedAt: number;
}

/** Asks every instance for its health in the background; requests never wait for it. */
export class HealthChecks {
  readonly #rules: HealthRules;
  readonly #log: Log;
  readonly #onSilent: (instance: UpstreamInstance) => void;
  readonly #trails = new WeakMap<UpstreamInstance, Trail>();
  #checked: readonly CheckedInstance[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `onSilent` hears of an instance that has stopped answering checks. */
  constructor(
    log: Log,
    rules: HealthRules = HEALTH_RULES,
    onSilent: (instance: UpstreamInstance) => void = () => undefined,
  ) {
    this.#log = log;
    this.#rules = rules;
    this.#onSilent = onSilent;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#checkDue(), this.#rules.recoveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Takes over the instances to check; new ones are asked at once. */
  watch(checked: readonly CheckedInstance[]): void {
    this.#checked = checked;
    for (const one of checked) if (!this.#trails.has(one.instance)) this.#check(one);
  }

  #checkDue(): void {
    const now = performance.now();
    for (const one of this.#checked) {
      const { askedAt = 0, bad = 0 } = this.#trails.get(one.instance) ?? {};
      const isDoubtful = one.instance.health !== 'healthy' || bad > 0;
      // Half an interval of tolerance: timers are not exact.
      if (isDoubtful || now - askedAt + this.#rules.recoveryMs / 2 >= this.#rules.intervalMs) {
        this.#check(one);
      }
    }
  }

  #check({ instance, path }: CheckedInstance): void {
    const trail = this.#trails.get(instance) ?? { good: 0, bad: 0, askedAt: 0 };
    this.#trails.set(instance, trail);
    trail.askedAt = performance.now();
    askHealth(instance, path, this.#rules.timeoutMs, (health) => {
      const before = instance.health;
      instance.health = this.#judge(instance, trail, health);
      if (instance.health === before) return;
      this.#log.debug({ instance: instance.url, health }, 'instance health changed');
      if (instance.health === 'unhealthy') this.#onSilent(instance);
    });
  }

  /** The first answer counts at once; later changes need several in a row, so that one slow answer ejects nobody. */
  #judge(instance: UpstreamInstance, trail: Trail, seen: Health): Health {
    const good = seen === 'healthy';
    trail.good = good ? trail.good + 1 : 0;
    trail.bad = good ? 0 : trail.bad + 1;
    if (instance.health === 'unknown' || seen === instance.health) return seen;
    if (good) return trail.good >= this.#rules.successes ? seen : instance.health;
    return trail.bad >= this.#rules.failures ? seen : instance.health;
  }
}

/** Asks once. 2xx and 3xx: healthy; 404: there is no health route, but it listens; anything else: it refuses. */
function askHealth(
  instance: UpstreamInstance,
  path: string,
  timeoutMs: number,
  done: (health: Health) => void,
): void {
  // Its own connection each time: a check must see whether the instance accepts new ones.
  const req = instance.request({ path, agent: false, headers: { host: instance.host } });
  const timer = setTimeout(() => req.destroy(), timeoutMs);
  let seen: Health = 'unhealthy';
  req.once('response', (res) => {
    const status = res.statusCode ?? 0;
    seen = status < 400 || status === 404 ? 'healthy' : 'refusing';
    req.destroy();
  });
  // A connection error is the answer 'unhealthy'; 'close' follows and reports it.
  req.on('error', () => undefined);
  req.once('close', () => {
    clearTimeout(timer);
    done(seen);
  });
  req.end();
}
