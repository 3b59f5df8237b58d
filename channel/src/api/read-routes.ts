import { MeshError } from '@plugmesh/shared/errors';
import { formatEventId, parseEventId, type EventId } from '@plugmesh/shared/history';
import type { Census } from '../census/census.ts';
import type { History, HistoryEvent } from '../history/history-reader.ts';
import type { Presence, PresenceState } from '../presence/presence.ts';
import type { TopicAccess } from '../topics/topic-access.ts';
import type { Answer, Route } from '../transport/http-routes.ts';
import { ruleOf } from './read-message.ts';
import { readLimit, readQuery } from './read-query.ts';

/** What the reading routes look at. */
export interface ReadRouteParts {
  readonly access: Pick<TopicAccess, 'rule'>;
  readonly census: Pick<Census, 'count'>;
  readonly history: History;
  readonly presence: Pick<Presence, 'list'>;
}

const TOPICS_PAGE = 1000;
const PRESENCE_PAGE = 1000;
const HISTORY_PAGE = 200;

const BEGINNING: EventId = { epoch: '0', number: 0 };

/** `GET /mesh/channel/topics?prefix=&after=&limit=`: topics with subscribers, in order, over all processes. */
export function topicsRoute({ census }: ReadRouteParts): Route {
  return async (request) => {
    const { limit: wanted, ...query } = readQuery(request, ['prefix', 'after', 'limit']);
    const limit = readLimit(wanted, TOPICS_PAGE);
    // One more than wanted shows whether there are more.
    const { counts, ...processes } = await census.count({ ...query, limit: limit + 1 });
    const topics = counts.slice(0, limit).map(([topic, subscribers]) => ({ topic, subscribers }));
    const next = counts.length > limit ? { next: topics.at(-1)?.topic } : {};
    return { status: 200, body: { topics, ...next, ...processes } };
  };
}

/** `GET /mesh/channel/topic?topic=`: one topic, its rule and how many are subscribed. */
export function topicRoute({ access, census, presence }: ReadRouteParts): Route {
  return async (request) => {
    const { topic = '' } = readQuery(request, ['topic']);
    const rule = ruleOf(access, topic);
    const { counts, ...processes } = await census.count({ topic, limit: 1 });
    const present = rule.presence ? { present: countMetas(presence.list(topic)) } : {};
    return {
      status: 200,
      body: { topic, subscribers: counts[0]?.[1] ?? 0, ...present, rule, ...processes },
    };
  };
}

/** `GET /mesh/channel/presence?topic=&after=&limit=`: who is in a topic, in order of their keys, over all processes. */
export function presenceRoute({ access, presence }: ReadRouteParts): Route {
  return (request) => {
    const { topic = '', after = '', limit: wanted } = readQuery(request, ['topic', 'after', 'limit']);
    const limit = readLimit(wanted, PRESENCE_PAGE);
    if (!ruleOf(access, topic).presence) throw lacks(topic, 'presence');
    const state = presence.list(topic);
    const keys = Object.keys(state)
      .filter((key) => key > after)
      .sort();
    const page = Object.create(null) as PresenceState;
    for (const key of keys.slice(0, limit)) page[key] = state[key] ?? { metas: [] };
    const next = keys.length > limit ? { next: keys[limit - 1] } : {};
    return { status: 200, body: { topic, count: countMetas(state), presence: page, ...next } };
  };
}

/** `GET /mesh/channel/history?topic=&after=&limit=`: what a durable topic has kept, behind an `_id` or from the first. */
export function historyRoute({ access, history }: ReadRouteParts): Route {
  return async (request) => {
    const { topic = '', after, limit: wanted } = readQuery(request, ['topic', 'after', 'limit']);
    const limit = readLimit(wanted, HISTORY_PAGE);
    if (!ruleOf(access, topic).history) throw lacks(topic, 'history');
    const since = after === undefined ? undefined : parseEventId(after);
    if (after !== undefined && !since) throw new MeshError('MESH_BAD_REQUEST', "'after' must be an '_id'");
    const end = await history.end(topic);
    const events = await history.after(topic, since ?? BEGINNING);
    if (since && !isContinued(since, events, end)) throw gone(topic, end);
    return historyAnswer(topic, end, events.slice(0, limit));
  };
}

/** Whether nothing is missing behind an event. */
function isContinued(since: EventId, [first]: readonly HistoryEvent[], end: EventId | undefined): boolean {
  if (first) return first.id.epoch === since.epoch && first.id.number === since.number + 1;
  return end?.epoch === since.epoch && end.number === since.number;
}

/** Payloads as they were published, byte for byte. */
function historyAnswer(topic: string, end: EventId | undefined, events: readonly HistoryEvent[]): Answer {
  const texts = events.map(
    ({ id, event, payload }) =>
      `{"_id":"${formatEventId(id)}","event":${JSON.stringify(event)},"payload":${payload.toString()}}`,
  );
  const newest = end ? `"_id":"${formatEventId(end)}",` : '';
  const body = `{"topic":${JSON.stringify(topic)},${newest}"events":[${texts.join(',')}]}`;
  return { status: 200, body, type: 'application/json' };
}

function countMetas(state: PresenceState): number {
  return Object.values(state).reduce((count, { metas }) => count + metas.length, 0);
}

function lacks(topic: string, what: string): MeshError {
  return new MeshError('MESH_NOT_FOUND', `the rule of '${topic}' has no '${what}'`, {
    fix: `add '${what}' to the rule in the manifest that declares it`,
  });
}

function gone(topic: string, end: EventId | undefined): MeshError {
  return new MeshError('MESH_HISTORY_GONE', `'${topic}' has not kept everything behind this '_id'`, {
    fix: "fetch the state anew, and go on from the answer's '_id'",
    details: end ? { _id: formatEventId(end) } : {},
  });
}
