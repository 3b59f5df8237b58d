import type { DestinationStream } from 'pino';

/** Fields that the line shows in its own way, or that only machines need. */
const SHOWN_APART = new Set(['time', 'level', 'name', 'msg', 'pid', 'err']);

/** A destination that turns pino's JSON lines into `12:34:56.789 WARN  gateway  message key=value`. */
export function readableLine(output: DestinationStream): DestinationStream {
  return { write: (line) => output.write(formatEntry(line)) };
}

function formatEntry(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const time = text(entry.time).slice(11, 23);
  const level = text(entry.level).toUpperCase().padEnd(5);
  const fields = Object.entries(entry)
    .filter(([key]) => !SHOWN_APART.has(key))
    .map(([key, value]) => ` ${key}=${text(value)}`)
    .join('');
  return `${time} ${level} ${text(entry.name)}  ${text(entry.msg)}${fields}${errorText(entry.err)}\n`;
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  return `\n  ${text(stack ?? message).replaceAll('\n', '\n  ')}`;
}

function text(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
