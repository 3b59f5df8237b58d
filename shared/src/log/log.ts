import cluster from 'node:cluster';
import { pino, type DestinationStream, type LoggerOptions } from 'pino';
import { readableLine } from './readable-line.ts';

/** Writes one entry: a message, or fields and a message. An error goes under the field `err`. */
export interface LogMethod {
  (message: string): void;
  (fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What every part of the mesh writes to. */
export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** A log whose entries all carry these fields. */
  child(fields: Readonly<Record<string, unknown>>): Log;
}

/** How a process logs. */
export interface LogOptions {
  /** The process, `gateway`; the first thing a reader looks for. */
  readonly name: string;
  /** Least level that is written; `silent` writes nothing. Default `info`. */
  readonly level?: string;
  /** `production` (default) writes JSON lines, `development` one readable line per entry. */
  readonly mode?: 'production' | 'development';
  /** Where lines go; default standard output. */
  readonly destination?: DestinationStream;
}

/** Fields that hold credentials. Their values never reach a log, at the top of an entry or one level down. */
const SECRET_FIELDS = [
  'token',
  'userToken',
  'authorization',
  'cookie',
  'set-cookie',
  'apikey',
  'password',
  'secret',
];

const REDACTED = SECRET_FIELDS.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]);

/** Synchronous, so that the last words before process.exit are not lost. */
function standardOutput(): DestinationStream {
  // pm2 takes a cluster worker's lines from `process.stdout`; its file descriptor is the supervisor's own.
  return cluster.isWorker ? process.stdout : pino.destination({ fd: 1, sync: true });
}

/** Creates the log of a process. Writing never fails and never waits for a reader. */
export function createLog(options: LogOptions): Log {
  const { name, level = 'info', mode = 'production' } = options;
  const settings: LoggerOptions = {
    name,
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '[redacted]' },
  };
  const output = options.destination ?? standardOutput();
  return pino(settings, mode === 'development' ? readableLine(output) : output);
}
