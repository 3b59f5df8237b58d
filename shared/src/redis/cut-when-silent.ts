import type { Socket } from 'node:net';
import type { RedisConnection } from './connect-redis.ts';

/** How often the server is asked. */
const EVERY_MS = 1000;

/**
 * Cuts a connection from which nothing comes any more, so that it is opened anew: a server that hangs and a path that
 * swallows packets both leave a socket open, for a quarter of an hour when nobody asks. Nothing may come for `silentMs`.
 */
export function cutWhenSilent(connection: RedisConnection, silentMs: number): void {
  let heard: { stream: Socket; bytes: number; at: number } | undefined;
  const isSilent = (stream: Socket): boolean =>
    heard?.stream === stream && heard.bytes === stream.bytesRead && performance.now() - heard.at >= silentMs;
  const look = (): void => {
    // Before its first try ioredis has no stream, whatever its type says; between two tries it has the last one.
    const stream = connection.stream as Socket | undefined;
    if (!stream || stream.destroyed) return;
    if (heard?.stream !== stream || heard.bytes !== stream.bytesRead) {
      heard = { stream, bytes: stream.bytesRead, at: performance.now() };
    }
    if (connection.status === 'ready') connection.ping().catch(() => undefined);
    // After a stall of our own, timers come first and what was received meanwhile comes next: look again behind it.
    if (isSilent(stream)) setImmediate(() => isSilent(stream) && cut(stream, silentMs));
  };
  const timer = setInterval(look, EVERY_MS).unref();
  connection.once('end', () => clearInterval(timer));
}

function cut(stream: Socket, silentMs: number): void {
  stream.destroy(new Error(`nothing was heard from Redis for ${silentMs / 1000} s`));
}
