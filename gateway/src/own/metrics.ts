import type { PoolMeter } from '../upstream/pool.ts';
import type { PoolReading } from '../upstream/pools.ts';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

const PREFIX = 'plugmesh_gateway_';
const SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];

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
  readonly #registry = new Registry();
  readonly #look: MetricsView;
  readonly #meters = new Map<string, RouteMeter>();

  readonly #requests = this.#counter(
    'requests_total',
    'Requests by plugin and class of status; 0xx: the client went away',
    ['plugin', 'status'],
  );
  readonly #seconds = this.#histogram(
    'request_seconds',
    'Time from the request head to the last byte of the answer',
    ['plugin'],
  );
  readonly #refusals = this.#counter(
    'refusals_total',
    'Requests answered by the gateway itself with a problem, by code',
    ['code'],
  );
  readonly #middleware = this.#histogram(
    'middleware_seconds',
    'Time until middleware has answered, by what came of it',
    ['plugin', 'outcome'],
  );
  readonly sockets = this.#gauge('websockets', 'Open WebSockets');
  readonly #retries = this.#counter(
    'retries_total',
    'Requests sent once more, and those that were not because the budget was used up',
    ['plugin', 'result'],
  );
  readonly #ejections = this.#counter(
    'ejections_total',
    'Times that an instance was left out because requests to it failed',
    ['plugin'],
  );
  readonly #panics = this.#counter('panics_total', 'Choices among instances none of which was good', [
    'plugin',
  ]);
  readonly #instances = this.#gauge('instances', 'Instances by plugin and how this process sees them', [
    'plugin',
    'state',
  ]);
  readonly #inFlight = this.#gauge('in_flight', 'Requests at the instances of a plugin at this moment', [
    'plugin',
  ]);
  readonly #waiting = this.#gauge('waiting', 'Requests that wait for a place at an instance', ['plugin']);
  readonly #shedding = this.#gauge(
    'shedding',
    'Share of new requests that are refused because the process does not keep up',
  );

  constructor(look: MetricsView) {
    this.#look = look;
    this.#registry.setDefaultLabels({ pid: String(process.pid) });
  }

  /** Starts the measurements of the process itself: memory, CPU, event loop. */
  start(): void {
    collectDefaultMetrics({ register: this.#registry, prefix: PREFIX });
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
    this.#shedding.set(this.#look.shedShare());
    this.#readPools();
    return this.#registry.metrics();
  }

  /** What is looked up, not counted. */
  #readPools(): void {
    for (const gauge of [this.#instances, this.#inFlight, this.#waiting]) gauge.reset();
    for (const { plugin, states, inFlight, waiting } of this.#look.pools()) {
      for (const [state, count] of Object.entries(states)) this.#instances.set({ plugin, state }, count);
      this.#inFlight.set({ plugin }, inFlight);
      this.#waiting.set({ plugin }, waiting);
    }
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.#registry] });
  }

  #gauge<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> {
    return new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: Label[]): Histogram<Label> {
    const registers = [this.#registry];
    return new Histogram({ name: PREFIX + name, help, labelNames, buckets: SECONDS, registers });
  }
}
