import { cpus, freemem, hostname, loadavg, totalmem, uptime } from 'node:os';

/** What `GET /` answers. Bytes, seconds and percent, as the names say. */
export interface SystemReport {
  readonly hostname: string;
  readonly uptimeSeconds: number;
  readonly cpu: { readonly cores: number; readonly percent: number };
  /** Load averages over 1, 5 and 15 minutes. */
  readonly load: readonly number[];
  /** `available` is what programs could still get, page cache included. */
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number; readonly percent: number };
}

/** The state of this machine now; `cpuPercent` comes from the background sampler. */
export function systemReport(cpuPercent: number): SystemReport {
  const totalBytes = totalmem();
  const availableBytes = freemem();
  return {
    hostname: hostname(),
    uptimeSeconds: Math.floor(uptime()),
    cpu: { cores: cpus().length, percent: cpuPercent },
    load: loadavg(),
    memory: { totalBytes, availableBytes, percent: percentOf(totalBytes - availableBytes, totalBytes) },
  };
}

/** One `update-node` message: an element of a page and its new value, as tangram sends them. */
export interface NodeUpdate {
  readonly el: 'uptime' | 'info_utc' | 'cpu_load' | 'ram_usage';
  readonly value: string;
}

/** The report as `update-node` messages: `1 day, 2:03:04`, an ISO 8601 instant, and percentages. */
export function nodeUpdates(report: SystemReport, at: Date): NodeUpdate[] {
  return [
    { el: 'uptime', value: formatUptime(report.uptimeSeconds) },
    { el: 'info_utc', value: at.toISOString() },
    { el: 'cpu_load', value: `${report.cpu.percent.toFixed(1)}%` },
    { el: 'ram_usage', value: `${report.memory.percent.toFixed(1)}%` },
  ];
}

/** Seconds as `0:00:05`, with days in front when there are any. */
export function formatUptime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${Math.floor(seconds / 3600) % 24}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (days === 0) return clock;
  return `${days} ${days === 1 ? 'day' : 'days'}, ${clock}`;
}

function percentOf(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 10;
}
