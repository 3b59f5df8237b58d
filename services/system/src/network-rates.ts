import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

/** What an interface has moved since boot, in bytes. */
export interface Counters {
  readonly received: number;
  readonly sent: number;
}

/** Bytes per second in each direction. */
export interface Rate {
  readonly receive: number;
  readonly send: number;
}

/** One interface as `GET /net` and the event `net` show it; `rate` is null before the second sample. */
export interface InterfaceReport {
  readonly iface: string;
  /** IPv4 and IPv6 addresses with their prefix length, as CIDR (`127.0.0.1/8`). */
  readonly addresses: readonly string[];
  readonly rate: Rate | null;
  /** Received, for people: `1.25kBps`. */
  readonly rx: string;
  /** Sent, for people. */
  readonly tx: string;
}

/** The counters in the text of `/proc/net/dev` (proc(5)): two header lines, then `name: received … sent …`. */
export function parseCounters(text: string): Map<string, Counters> {
  const counters = new Map<string, Counters>();
  for (const line of text.split('\n').slice(2)) {
    const [name, rest] = line.split(':');
    if (name === undefined || rest === undefined) continue;
    const columns = rest.trim().split(/\s+/).map(Number);
    counters.set(name.trim(), { received: columns[0] ?? 0, sent: columns[8] ?? 0 });
  }
  return counters;
}

const UNITS = [
  [1e9, 'GBps'],
  [1e6, 'MBps'],
  [1e3, 'kBps'],
] as const;

/** A rate for people: bytes per second in the largest decimal unit that is not below one. */
export function formatRate(bytesPerSecond: number): string {
  const unit = UNITS.find(([size]) => bytesPerSecond >= size);
  if (!unit) return `${Math.round(bytesPerSecond)}Bps`;
  return `${(bytesPerSecond / unit[0]).toFixed(2)}${unit[1]}`;
}

/** Samples the interfaces' counters and knows the rate between the last two samples. */
export class NetworkRates {
  readonly #now: () => number;
  #counters = new Map<string, Counters>();
  #rates = new Map<string, Rate>();
  #sampledAt = 0;

  /** `now` is a clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Reads the kernel's counters. Without `/proc/net/dev` (other systems) there are addresses, but no rates. */
  async sample(): Promise<void> {
    const text = await readFile('/proc/net/dev', 'utf8').catch(() => '');
    this.take(parseCounters(text));
  }

  /** Takes counters that were just read. */
  take(counters: Map<string, Counters>): void {
    const at = this.#now();
    const seconds = (at - this.#sampledAt) / 1000;
    const rates = new Map<string, Rate>();
    for (const [iface, { received, sent }] of counters) {
      const before = this.#counters.get(iface);
      // A counter that went back belongs to an interface that was made anew.
      if (!before || seconds <= 0 || received < before.received || sent < before.sent) continue;
      rates.set(iface, {
        receive: Math.round((received - before.received) / seconds),
        send: Math.round((sent - before.sent) / seconds),
      });
    }
    this.#counters = counters;
    this.#rates = rates;
    this.#sampledAt = at;
  }

  /** Every interface that has counters or an address. */
  report(): InterfaceReport[] {
    const interfaces = networkInterfaces();
    const names = new Set([...this.#counters.keys(), ...Object.keys(interfaces)]);
    return [...names].map((iface) => {
      const rate = this.#rates.get(iface) ?? null;
      return {
        iface,
        addresses: (interfaces[iface] ?? []).map(({ cidr, address }) => cidr ?? address),
        rate,
        rx: rate ? formatRate(rate.receive) : 'n/a',
        tx: rate ? formatRate(rate.send) : 'n/a',
      };
    });
  }
}
