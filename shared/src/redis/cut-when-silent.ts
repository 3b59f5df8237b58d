import type { Socket } from 'node:net';
import type { RedisConnection } from './connect-redis.ts';

/** So often the server is asked before it is given up. */
const QUESTIONS = 5;

/**
 * Cuts a connection from which nothing came for `silentMs` although it was asked, so that it is opened anew: a server that
 * hangs and a path that swallows packets both leave a socket open, for a quarter of an hour when nobody asks.
 */
export function cutWhenSilent(connection: RedisConnection, silentMs: number): void {
  let heard: { stream: Socket; bytes: number } | undefined;
  // Questions are counted and no time is taken: a stall of our own, however long, is one question without an answer.
  let unanswered = 0;
  const look = (): void => {
    // Before its first try ioredis has no stream, whatever its type says; between two tries it has the last one.
    const stream = connection.stream as Socket | undefined;
    if (!stream || stream.destroyed) return;
    const isSilent = heard?.stream === stream && heard.bytes === stream.bytesRead;
    heard = { stream, bytes: stream.bytesRead };
    unanswered = isSilent ? unanswered + 1 : 0;
    if (unanswered >= QUESTIONS) {
      stream.destroy(new Error(`nothing was heard from Redis for ${silentMs / 1000} s`));
    } else if (connection.status === 'ready') connection.ping().catch(() => undefined);
  };
  const timer = setInterval(look, silentMs / QUESTIONS).unref();
  connection.once('end', () => clearInterval(timer));
}
