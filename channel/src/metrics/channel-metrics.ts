import type { ErrorCode } from '@plugmesh/shared/errors';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { DropReason } from '../transport/outbound-queue.ts';

const counters = {
  joins: 'Joins that were allowed',
  pushes: 'Pushes that were published',
  deliveries: 'Frames handed to subscribers of broadcasts',
  skipped: 'Binary broadcasts that version 1 and long-poll clients go without',
  recoveries: 'Joins that were sent what they had missed',
  repairs: 'Events that were missing on the bus and came from the stream',
  malformed: 'Frames that could not be understood',
  reserved: 'Messages with an event that belongs to the protocol',
  received_bytes: 'Bytes of frames that clients sent',
  sent_bytes: 'Bytes of frames handed to sockets',
} as const;

const labelled = {
  refusals: { label: 'code', help: 'Joins, other messages and connections that were refused, by code' },
  closes: { label: 'code', help: 'Sockets that we closed, by code' },
  drops: { label: 'reason', help: 'Frames that did not reach a client that reads too slowly, by rule' },
} as const;

const gauges = {
  sockets: 'Connected sockets',
  topics: 'Topics with a subscriber',
  queue_bytes: 'Bytes that wait for clients, of all sockets',
  redis_lag_seconds: 'Age of the newest probe that came back through Redis, or of one that is missing',
} as const;

/** Asked when somebody reads the metrics. */
export type ChannelGauges = Readonly<Record<keyof typeof gauges, () => number>>;

/** What a channel process counts. */
export class ChannelMetrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<keyof typeof counters, Counter>();
  readonly #labelled: Readonly<Record<keyof typeof labelled, Counter>>;

  constructor(read: ChannelGauges) {
    const registers = [this.#registry];
    for (const [name, help] of Object.entries(counters) as [keyof typeof counters, string][]) {
      const counter = new Counter({ name: `plugmesh_channel_${name}_total`, help, registers });
      this.#counters.set(name, counter);
    }
    const counter = (of: keyof typeof labelled): Counter => {
      const { label, help } = labelled[of];
      return new Counter({ name: `plugmesh_channel_${of}_total`, help, labelNames: [label], registers });
    };
    this.#labelled = { refusals: counter('refusals'), closes: counter('closes'), drops: counter('drops') };
    for (const [name, help] of Object.entries(gauges))
      this.#gauge(name, help, read[name as keyof typeof gauges]);
  }

  /** Also measure the process itself (memory, CPU, event-loop delay). */
  start(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  count(what: keyof typeof counters, by = 1): void {
    this.#counters.get(what)?.inc(by);
  }

  countRefusal(code: ErrorCode): void {
    this.#labelled.refusals.inc({ code });
  }

  countClose(code: number): void {
    this.#labelled.closes.inc({ code: String(code) });
  }

  countDrop(reason: DropReason): void {
    this.#labelled.drops.inc({ reason });
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
