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
import { GATEWAY_FAULTS } from './gateway/faults.ts';
import { playGateway } from './gateway/play-gateway.ts';
import type { Fault } from './support/fault.ts';
import { play } from './support/play.ts';

/** What was seen of a fault, whatever else that is. */
interface Seen {
  readonly fault: string;
  readonly problems: readonly string[];
}

/** A fault that can be played. */
export interface PlayableFault {
  readonly name: string;
  readonly what: string;
  readonly play: () => Promise<Seen>;
}

const CHANNEL_FAULTS: readonly Fault[] = [
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

/** Everything that goes wrong, in the order in which it is played. */
export const FAULTS: readonly PlayableFault[] = [
  ...CHANNEL_FAULTS.map((fault) => ({ name: fault.name, what: fault.what, play: () => play(fault) })),
  ...GATEWAY_FAULTS.map((fault) => ({ name: fault.name, what: fault.what, play: () => playGateway(fault) })),
];
