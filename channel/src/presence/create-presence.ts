import type { Config } from '@plugmesh/shared/config';
import type { Log } from '@plugmesh/shared/log';
import { PresenceTopics, type TellPresence } from './presence-topics.ts';
import type { Presence } from './presence.ts';
import { RedisPresence } from './redis-presence.ts';

/** What presence is made from. */
export interface CreatePresenceOptions {
  readonly config: Pick<Config, 'redisUrl' | 'channel'>;
  readonly log: Log;
  /** Names this process on the bus. */
  readonly node: string;
  readonly tell: TellPresence;
}

/** Where no Redis is configured no topic can be joined, and nobody is ever present. */
const NOBODY: Presence = {
  track: () => '',
  untrack: () => undefined,
  suspend: () => undefined,
  release: () => undefined,
  welcome: () => [{ event: 'presence_state', payload: {} }],
  list: () => ({}),
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

/** Presence as it is configured. */
export function createPresence({ config, log, node, tell }: CreatePresenceOptions): Presence {
  const { redisUrl, channel } = config;
  if (redisUrl === undefined) return NOBODY;
  const topics = new PresenceTopics({ tell });
  return new RedisPresence({ redisUrl, log, node, leaseMs: channel.presenceLeaseMs, topics });
}
