import type { PoolMeter } from '../upstream/pool.ts';
import type { PoolReading } from '../upstream/pools.ts';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Counts the requests of one route; labels are bound once, not per request. */
export class RouteMeter {
  readonly #byClass: readonly { inc(): void }[];
  readonly #seconds: { observe(value: number): void };

  constructor(requests: Counter<'plugin' | 'status'>, seconds: Histogram<'plugin'>, plugin: string) {
    this.#byClass = [0, 1, 2, 3, 4, 5].map((digit) => requests.labels({ plugin, status: `${digit}xx` }));
    this.#seconds = seconds.labels({ plugin });
  }

  /** One answered request; status 0: the client went away before the answer. */
  observe(status: number, durationMs: number): void {
    this.#byClass[Math.floor(status / 100)]?.inc();
    this.#seconds.observe(durationMs / 1000);
  }
}

/** What is looked up when somebody asks for the metrics. */
export interface MetricsView {
  readonly pools: () => readonly PoolReading[];
  readonly shedShare: () => number;
}

/** What this gateway process counts, in Prometheus' format. Each process of a port has its own numbers. */
export class Metrics {
  readonly sockets: Gauge;
  readonly #registry = new Registry();
  readonly #requests: Counter<'plugin' | 'status'>;
  readonly #seconds: Histogram<'plugin'>;
  readonly #refusals: Counter<'code'>;
  readonly #retries: Counter<'plugin' | 'result'>;
  readonly #ejections: Counter<'plugin'>;
  readonly #panics: Counter<'plugin'>;
  readonly #middleware: Histogram<'plugin' | 'outcome'>;
  readonly #meters = new Map<string, RouteMeter>();

  constructor(look: MetricsView) {
    const registers = [this.#registry];
    this.#registry.setDefaultLabels({ pid: String(process.pid) });
    this.#requests = new Counter({
      name: 'plugmesh_gateway_requests_total',
      help: 'Requests by plugin and class of status; 0xx: the client went away',
      labelNames: ['plugin', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'plugmesh_gateway_request_seconds',
      help: 'Time from the request head to the last byte of the answer',
      labelNames: ['plugin'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
      registers,
    });
    this.#refusals = new Counter({
      name: 'plugmesh_gateway_refusals_total',
      help: 'Requests answered by the gateway itself with a problem, by code',
      labelNames: ['code'],
      registers,
    });
    this.#middleware = new Histogram({
      name: 'plugmesh_gateway_middleware_seconds',
      help: 'Time until middleware has answered, by what came of it',
      labelNames: ['plugin', 'outcome'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
      registers,
    });
    this.sockets = new Gauge({
      name: 'plugmesh_gateway_websockets',
      help: 'Open WebSockets',
      registers,
    });
    this.#retries = new Counter({
      name: 'plugmesh_gateway_retries_total',
      help: 'Requests sent once more, and those that were not because the budget was used up',
      labelNames: ['plugin', 'result'],
      registers,
    });
    this.#ejections = new Counter({
      name: 'plugmesh_gateway_ejections_total',
      help: 'Times that an instance was left out because requests to it failed',
      labelNames: ['plugin'],
      registers,
    });
    this.#panics = new Counter({
      name: 'plugmesh_gateway_panics_total',
      help: 'Choices among instances none of which was good',
      labelNames: ['plugin'],
      registers,
    });
    addPoolGauges(registers, look.pools);
    new Gauge({
      name: 'plugmesh_gateway_shedding',
      help: 'Share of new requests that are refused because the process does not keep up',
      registers,
      collect() {
        this.set(look.shedShare());
      },
    });
  }

  /** Starts the measurements of the process itself: memory, CPU, event loop. */
  start(): void {
    collectDefaultMetrics({ register: this.#registry, prefix: 'plugmesh_gateway_' });
  }

  meter(plugin: string): RouteMeter {
    let meter = this.#meters.get(plugin);
    if (!meter) this.#meters.set(plugin, (meter = new RouteMeter(this.#requests, this.#seconds, plugin)));
    return meter;
  }

  /** Counts what happens to one plugin's instances. */
  poolMeter(plugin: string): PoolMeter {
    const ejections = this.#ejections.labels({ plugin });
    const panics = this.#panics.labels({ plugin });
    return {
      retried: (result) => this.#retries.inc({ plugin, result }),
      ejected: () => ejections.inc(),
      panicked: () => panics.inc(),
    };
  }

  refused(code: string): void {
    this.#refusals.inc({ code });
  }

  /** One question to middleware, and whether the request went on, was answered by it, or got no answer. */
  asked(plugin: string, outcome: string, durationMs: number): void {
    this.#middleware.observe({ plugin, outcome }, durationMs / 1000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

function addPoolGauges(registers: Registry[], pools: MetricsView['pools']): void {
  new Gauge({
    name: 'plugmesh_gateway_instances',
    help: 'Instances by plugin and how this process sees them',
    labelNames: ['plugin', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { plugin, states } of pools()) {
        for (const [state, count] of Object.entries(states)) this.set({ plugin, state }, count);
      }
    },
  });
  new Gauge({
    name: 'plugmesh_gateway_in_flight',
    help: 'Requests at the instances of a plugin at this moment',
    labelNames: ['plugin'],
    registers,
    collect() {
      this.reset();
      for (const { plugin, inFlight } of pools()) this.set({ plugin }, inFlight);
    },
  });
  new Gauge({
    name: 'plugmesh_gateway_waiting',
    help: 'Requests that wait for a place at an instance',
    labelNames: ['plugin'],
    registers,
    collect() {
      this.reset();
      for (const { plugin, waiting } of pools()) this.set({ plugin }, waiting);
    },
  });
}
