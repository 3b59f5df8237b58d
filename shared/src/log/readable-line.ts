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
  return `${time} ${level} ${text(entry.name)}  ${indented(entry.msg)}${fields}${errorText(entry.err)}\n`;
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  return `\n  ${indented(stack ?? message)}`;
}

/** A text of several lines, those behind the first a little to the right: they are not entries of their own. */
function indented(value: unknown): string {
  return typeof value === 'string' ? value.split('\n').map(text).join('\n  ') : text(value);
}

/** Clients have a say in what is logged: it must neither look like an entry nor steer the reader's terminal. */
function text(value: unknown): string {
  if (value === undefined) return '';
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  return plain.replaceAll(/\p{Cc}/gu, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
