import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

const counters = {
  joins: 'Joins that were allowed',
  refusals: 'Joins and pushes that were refused',
  pushes: 'Pushes that were published',
  deliveries: 'Frames handed to subscribers of broadcasts',
  skipped: 'Binary broadcasts that clients of protocol version 1 went without',
  recoveries: 'Joins that were sent what they had missed',
  repairs: 'Events that were missing on the bus and came from the stream',
  malformed: 'Frames that could not be understood',
  reserved: 'Messages with an event that belongs to the protocol',
} as const;

/** What a channel process counts. */
export class ChannelMetrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<keyof typeof counters, Counter>();
  readonly #closes: Counter<'code'>;

  /** `sockets` and `topics` are asked when somebody reads the metrics. */
  constructor(read: { readonly sockets: () => number; readonly topics: () => number }) {
    const registers = [this.#registry];
    for (const [name, help] of Object.entries(counters) as [keyof typeof counters, string][]) {
      const counter = new Counter({ name: `plugmesh_channel_${name}_total`, help, registers });
      this.#counters.set(name, counter);
    }
    const [name, help] = ['plugmesh_channel_closes_total', 'Sockets that we closed, by code'];
    this.#closes = new Counter({ name, help, labelNames: ['code'], registers });
    this.#gauge('sockets', 'Connected sockets', read.sockets);
    this.#gauge('topics', 'Topics with a subscriber', read.topics);
  }

  /** Also measure the process itself (memory, CPU, event-loop delay). */
  start(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  count(what: keyof typeof counters, by = 1): void {
    this.#counters.get(what)?.inc(by);
  }

  countClose(code: number): void {
    this.#closes.inc({ code: String(code) });
  }

  /** Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `plugmesh_channel_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }
}
