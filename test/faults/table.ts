import { busHalfOpen } from './faults/bus-half-open.ts';
import { byteByByte } from './faults/byte-by-byte.ts';
import { channelDrained } from './faults/channel-drained.ts';
import { channelKilled } from './faults/channel-killed.ts';
import { channelPaused } from './faults/channel-paused.ts';
import { channelsRestarted } from './faults/channels-restarted.ts';
import { churn } from './faults/churn.ts';
import { clientHalfOpen } from './faults/client-half-open.ts';
import { presenceChannelKilled } from './faults/presence-channel-killed.ts';
import { presenceRedisKilled } from './faults/presence-redis-killed.ts';
import { pubsubKilled } from './faults/pubsub-killed.ts';
import { redisEmptied } from './faults/redis-emptied.ts';
import { redisKilled } from './faults/redis-killed.ts';
import { redisPaused } from './faults/redis-paused.ts';
import { slowReaders } from './faults/slow-readers.ts';
import type { Fault } from './support/fault.ts';

/** Everything that goes wrong, in the order in which it is played. */
export const FAULTS: readonly Fault[] = [
  redisKilled,
  redisEmptied,
  redisPaused,
  pubsubKilled,
  busHalfOpen,
  clientHalfOpen,
  channelKilled,
  channelDrained,
  channelPaused,
  channelsRestarted,
  slowReaders,
  byteByByte,
  churn,
  presenceChannelKilled,
  presenceRedisKilled,
];
