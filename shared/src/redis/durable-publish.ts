import type { ErrorCode } from '../errors/index.ts';
import { historyKey, PUBLISH_COMMAND } from '../history/index.ts';
import type { RedisConnection } from './connect-redis.ts';

/** How an event is published. */
export interface DurableOptions {
  /** Given a second time it answers the first id, and nothing is published: for a try whose answer was lost. */
  readonly idempotencyKey?: string;
}

/** An event for a durable topic. */
export interface DurableEvent extends DurableOptions {
  readonly topic: string;
  readonly event: string;
  readonly payload: object;
}

/** What became of an event: kept with this id, or why not. After `MESH_REDIS_UNAVAILABLE` it may have been kept. */
export type DurableResult =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

const REFUSAL = /^(MESH_TOPIC_UNMATCHED|MESH_BAD_REQUEST) (.*)$/s;

/** Publishes to a durable topic (contracts § 2.3). */
export async function publishDurable(
  connection: RedisConnection,
  { topic, event, payload, idempotencyKey = '' }: DurableEvent,
): Promise<DurableResult> {
  try {
    const parameters = [historyKey(topic), event, JSON.stringify(payload), idempotencyKey];
    return { ok: true, id: String(await connection.call('FCALL', PUBLISH_COMMAND, '1', ...parameters)) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const [, code, reason] = REFUSAL.exec(text) ?? [];
    return code !== undefined && reason !== undefined
      ? { ok: false, code: code as ErrorCode, reason }
      : { ok: false, code: 'MESH_REDIS_UNAVAILABLE', reason: text };
  }
}
