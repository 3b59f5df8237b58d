import { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import { isNotConnected, judgeInstance } from '../proxy/failure.ts';
import type { Route } from '../routes/route.ts';
import type { UpstreamInstance } from '../upstream/instance.ts';
import { Callout, type Answer, type Question } from './callout.ts';

/**
 * Asks an instance of the middleware, and once more another one when the first cannot be connected to, or a kept connection
 * had gone stale. Rejects when there is no answer.
 */
export async function askPool(route: Route, question: Question, log: Log): Promise<Answer> {
  const startedAt = performance.now();
  const instance = route.closed ? undefined : route.pool.take();
  if (question.timeoutMs <= 0) throw new Error('the time for all middleware is over');
  if (!instance) throw new Error('it has no instance that is ready');
  const callout = new Callout(instance, question);
  try {
    return await judged(callout, { route, instance, log });
  } catch (error) {
    const isLost = error instanceof Error && isNotConnected(error);
    if (isLost) instance.health = 'unhealthy';
    if (!isLost && !callout.isStale) throw error;
    const next = route.pool.takeOther(instance, !isLost);
    const timeoutMs = question.timeoutMs - (performance.now() - startedAt);
    if (!next || timeoutMs <= 0) throw error;
    return judged(new Callout(next, { ...question, timeoutMs }), { route, instance: next, log });
  }
}

interface Asked {
  readonly route: Route;
  readonly instance: UpstreamInstance;
  readonly log: Log;
}

/** Asks, and tells the pool how the instance has done. */
async function judged(callout: Callout, { route, instance, log }: Asked): Promise<Answer> {
  try {
    const answer = await callout.ask();
    judgeInstance(route, instance, { isGood: answer.statusCode < 500, log });
    return answer;
  } catch (error) {
    // That there is no place is nothing that it has done.
    if (!(error instanceof MeshError)) judgeInstance(route, instance, { isGood: false, log });
    throw error;
  }
}
