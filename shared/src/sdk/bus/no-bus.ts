import type { Log } from '../../log/index.ts';
import type { Bus } from './bus.ts';

const NO_REDIS = {
  ok: false,
  code: 'MESH_REDIS_UNAVAILABLE',
  reason: 'REDIS_URL is not set',
} as const;

/** The bus of a plugin that was given no Redis: it drops what is published, and says so of what is subscribed. */
export function createNoBus(log: Log): Bus {
  const nothing = (): void => undefined;
  return {
    connection: undefined,
    start: nothing,
    publish: () => Promise.resolve(false),
    publishDurable: () => Promise.resolve(NO_REDIS),
    subscribe: (_kind, name) => log.warn(`REDIS_URL is not set: subscribing to '${name}' does nothing`),
    onLive: nothing,
    listen: nothing,
    drain: nothing,
    stop: nothing,
  };
}
