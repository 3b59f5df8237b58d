import { setTimeout as delay } from 'node:timers/promises';
import { publishDurable, type DurableEvent, type DurableResult } from '../../redis/durable-publish.ts';
import { whenConnected, type RedisConnection } from '../../redis/connect-redis.ts';

const PATIENCE_MS = 10_000;
const RETRY_MS = 200;

/** Answers of a Redis that has just come back: it reads its file, or mesh has not loaded the function, or given the rights. */
const NOT_KEPT = /^(LOADING|NOPERM|ERR Function not found)/;

const AWAY: DurableResult = { ok: false, code: 'MESH_REDIS_UNAVAILABLE', reason: 'Redis cannot be reached' };

/**
 * Publishes to a durable topic, and tries again while Redis is away: where the answer was lost, only with an idempotency
 * key, because the event may have been kept. Never rejects.
 */
export async function publishUntilKept(
  connection: RedisConnection,
  event: DurableEvent,
  patienceMs = PATIENCE_MS,
): Promise<DurableResult> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    // A command that waits in a queue might be sent and lost without our knowing.
    if (!(await whenConnected(connection, deadline - performance.now()))) return AWAY;
    const result = await publishDurable(connection, event);
    if (!mayRepeat(result, event) || performance.now() + RETRY_MS > deadline) return result;
    await delay(RETRY_MS);
  }
}

function mayRepeat(result: DurableResult, { idempotencyKey = '' }: DurableEvent): boolean {
  if (result.ok || result.code !== 'MESH_REDIS_UNAVAILABLE') return false;
  return idempotencyKey !== '' || NOT_KEPT.test(result.reason);
}
