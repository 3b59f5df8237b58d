import { Redis } from 'ioredis';
import type { Log } from '../log/index.ts';
import { cutWhenSilent } from './cut-when-silent.ts';

/** A connection that outlives outages of its server. */
export type RedisConnection = Redis;

/** How a connection is opened. */
export interface ConnectOptions {
  /** Shown by `CLIENT LIST` and in the log. */
  readonly name: string;
  readonly log: Log;
  /** Connect with the first command, or by `connect()`, instead of at once. */
  readonly lazy?: boolean;
  /** Whether commands wait for a server that is away (default), or are rejected at once. */
  readonly queue?: boolean;
  /** How long a command may wait for its answer before it is rejected; default 5 s. */
  readonly timeoutMs?: number;
  /** How long the server may say nothing before the connection is opened anew; default 5 s. */
  readonly silentMs?: number;
}

const LONGEST_RETRY_MS = 1000;
const RETRIES_IN_QUEUE = 3;
const COMMAND_TIMEOUT_MS = 5000;

/**
 * Opens a connection that tries for ever and never throws on its own. One that has gone silent is opened anew. While the server is away, commands wait for a few
 * attempts (`queue: false`: not at all) and are then rejected; memory does not grow with the length of an outage.
 */
export function connectRedis(url: string, options: ConnectOptions): RedisConnection {
  const { name, log, lazy = false, queue = true } = options;
  const { timeoutMs = COMMAND_TIMEOUT_MS, silentMs = COMMAND_TIMEOUT_MS } = options;
  const connection = new Redis(url, {
    connectionName: name,
    lazyConnect: lazy,
    enableOfflineQueue: queue,
    retryStrategy: retryDelayMs,
    // With 0, what is in flight when a connection is lost is rejected then, not after its timeout. What waits in a queue
    // would be, too.
    maxRetriesPerRequest: queue ? RETRIES_IN_QUEUE : 0,
    commandTimeout: timeoutMs,
    connectTimeout: COMMAND_TIMEOUT_MS,
    // What was in flight may have been carried out: sending it again could publish a message twice.
    autoResendUnfulfilledCommands: false,
    // Subscription does this itself, because it has to know when it is done.
    autoResubscribe: false,
  });
  logOutages(connection, name, log);
  cutWhenSilent(connection, silentMs);
  return connection;
}

/** Resolves to whether the connection can take commands, at the latest after `patienceMs` or when it is closed. */
export async function whenConnected(connection: RedisConnection, patienceMs: number): Promise<boolean> {
  const { status } = connection;
  // One that was closed before says nothing any more.
  if (status === 'ready' || status === 'end') return status === 'ready';
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onReady = (): void => resolve(true);
  const onEnd = (): void => resolve(false);
  const timer = setTimeout(onEnd, patienceMs);
  connection.once('ready', onReady).once('end', onEnd);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    connection.off('ready', onReady).off('end', onEnd);
  }
}

/** Closes a connection, after what is in flight when the server is there. Safe to call twice. */
export async function closeRedis(connection: RedisConnection): Promise<void> {
  if (connection.status === 'ready') await connection.quit().catch(() => undefined);
  connection.disconnect();
}

/** 50, 100, 200 … 1000 ms, and up to half as much again so that processes do not return in step. */
function retryDelayMs(attempt: number): number {
  const delay = Math.min(50 * 2 ** (attempt - 1), LONGEST_RETRY_MS);
  return delay * (1 + Math.random() / 2);
}

/** Two lines per outage, however long it lasts and however often we try. */
function logOutages(connection: RedisConnection, name: string, log: Log): void {
  let away = false;
  connection.on('error', (error: Error) => {
    if (!away)
      log.warn({ connection: name, reason: error.message }, 'Redis is away; trying again until it is back');
    away = true;
  });
  connection.on('close', () => {
    if (!away) log.debug({ connection: name }, 'Redis connection closed');
  });
  connection.on('ready', () => {
    if (away) log.info({ connection: name }, 'Redis is back');
    away = false;
  });
}
