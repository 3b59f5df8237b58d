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

/** What this gateway process counts, in Prometheus' format. Each process of a port has its own numbers. */
export class Metrics {
  readonly sockets: Gauge;
  readonly #registry = new Registry();
  readonly #requests: Counter<'plugin' | 'status'>;
  readonly #seconds: Histogram<'plugin'>;
  readonly #refusals: Counter<'code'>;
  readonly #meters = new Map<string, RouteMeter>();

  constructor() {
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
    this.sockets = new Gauge({
      name: 'plugmesh_gateway_websockets',
      help: 'Open WebSockets',
      registers,
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

  refused(code: string): void {
    this.#refusals.inc({ code });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
