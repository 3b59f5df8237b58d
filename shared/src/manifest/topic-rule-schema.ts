import { z } from 'zod';
import { isTopicName } from '../protocol/topics.ts';
import { duration } from './units.ts';

const access = z.enum(['public', 'session', 'admin', 'owner', 'none']);

const pattern = z
  .string()
  .refine(isTopicName, 'a topic of 1 to 255 bytes without control characters')
  .refine((text) => !text.slice(0, -1).includes('*'), 'a topic, or one that ends in "*"');

const history = z.strictObject({
  size: z.int().min(1).max(10_000_000).describe('Events that are kept.'),
  ttl: duration.describe('How long they are kept.'),
});

/** Every process of the mesh is sent them, so that they may be a description, and no library. */
const LONGEST_EVENTS = 32_768;

const events = z
  .record(z.string(), z.unknown())
  .refine((schemas) => JSON.stringify(schemas).length <= LONGEST_EVENTS, 'schemas of at most 32 KiB as JSON');

/** One element of `topics` (contracts § 2.4). */
export const topicRuleSchema = z
  .strictObject({
    pattern: pattern.describe('Exact, or ending in *; the most specific wins.'),
    join: access.describe('Who may join; owner: the wildcard part equals the own id.'),
    push: access.describe('Who may push.'),
    presence: z.boolean().default(false).describe('Members are tracked.'),
    envelope: z.boolean().default(false).describe('Pushes carry who sent them, and where to answer.'),
    overflow: z
      .enum(['disconnect', 'drop-oldest', 'latest'])
      .default('disconnect')
      .describe('What happens to a subscriber that is too slow.'),
    history: history.exactOptional().describe('Makes the topic durable.'),
    events: events.exactOptional().describe('Names of events and JSON Schemas, at most 32 KiB.'),
    description: z.string().exactOptional().describe('Shown on the topics page.'),
  })
  .refine(({ join, push, pattern: text }) => text.endsWith('*') || (join !== 'owner' && push !== 'owner'), {
    path: ['pattern'],
    error: 'a topic that ends in "*", because of "owner"',
  })
  // A dropped frame would be a gap that nobody fills. Who is disconnected comes back and is sent what it missed.
  .refine(({ history: kept, overflow }) => !kept || overflow === 'disconnect', {
    path: ['overflow'],
    error: '"disconnect", because events of a topic with "history" must not be dropped',
  })
  .transform(({ history: kept, ...rule }) =>
    kept ? { ...rule, history: { size: kept.size, ttlMs: kept.ttl } } : rule,
  );
