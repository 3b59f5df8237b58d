import type { ChannelLimits } from '@plugmesh/shared/config';
import type { Log } from '@plugmesh/shared/log';
import type { Bus } from '../bus/bus.ts';
import type { DurableTopics } from '../history/durable-topics.ts';
import type { ChannelMetrics } from '../metrics/channel-metrics.ts';
import type { Presence } from '../presence/presence.ts';
import type { TopicAccess } from '../topics/topic-access.ts';
import type { Topics } from '../topics/topics.ts';
import type { ClientLog } from './client-log.ts';
import type { Expiries } from './expiries.ts';
import type { Membership } from './membership.ts';
import type { Replies } from './replies.ts';

/** What every socket of a process shares. */
export interface SocketServices {
  readonly access: TopicAccess;
  readonly bus: Pick<Bus, 'live' | 'whenLive' | 'publish'>;
  readonly expiries: Expiries;
  readonly durable: Pick<DurableTopics, 'enter' | 'history'>;
  readonly limits: ChannelLimits;
  readonly log: Log;
  readonly clientLog: ClientLog;
  readonly metrics: Pick<ChannelMetrics, 'count' | 'countClose' | 'countRefusal'>;
  readonly mintId: () => string;
  /** Names this process on the bus. */
  readonly node: string;
  readonly presence: Presence;
  readonly replies: Replies;
  readonly topics: Topics<Membership>;
}
