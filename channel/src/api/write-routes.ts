import { MeshError, problemDocument } from '@plugmesh/shared/errors';
import { DISCONNECT } from '@plugmesh/shared/protocol';
import type { RedisConnection } from '@plugmesh/shared/redis';
import { parseDisconnectOrder } from '../socket/disconnect-order.ts';
import type { Route } from '../transport/http-routes.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import type { Publisher } from './publisher.ts';
import { readItem, readMessage, type MessageRules } from './read-message.ts';
import { allowFields, readJson } from './read-json.ts';
import { asProblem } from './redis-problem.ts';

/** What the writing routes work with. */
export interface WriteRouteParts {
  readonly rules: MessageRules;
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly connection: Pick<RedisConnection, 'publish'>;
}

const BATCH_LIMIT = 100;

/** `POST /mesh/channel/publish`: one message. */
export function publishRoute({ rules, publisher }: WriteRouteParts): Route {
  return async (request) => {
    const key = idempotencyKeyOf(request.headers['idempotency-key']);
    const message = readMessage(await readJson(request), rules, key);
    return { status: 200, body: await publisher.publish(message) };
  };
}

/** `POST /mesh/channel/batch`: several in order, one after the other, with an answer for each. */
export function batchRoute({ rules, publisher }: WriteRouteParts): Route {
  return async (request) => {
    if (request.headers['idempotency-key'] !== undefined) {
      throw bad("a batch has no key of its own: give each message its 'idempotencyKey'");
    }
    const fields = await readJson(request);
    allowFields(fields, ['messages']);
    const { messages } = fields;
    if (!Array.isArray(messages) || messages.length < 1 || messages.length > BATCH_LIMIT) {
      throw bad(`'messages' must be a list of 1 to ${BATCH_LIMIT} messages`);
    }
    return { status: 200, body: { results: await publishAll(messages, { rules, publisher }) } };
  };
}

/** `POST /mesh/channel/disconnect`: closes sockets in every process. */
export function disconnectRoute({ connection }: WriteRouteParts): Route {
  return async (request) => {
    const payload = Buffer.from(JSON.stringify(await readJson(request)));
    if (!parseDisconnectOrder(payload))
      throw bad("expected 'socket', 'user', 'session' or 'id', each a text");
    return { status: 202, body: { processes: await connection.publish(DISCONNECT, payload) } };
  };
}

async function publishAll(
  messages: readonly unknown[],
  { rules, publisher }: Pick<WriteRouteParts, 'rules' | 'publisher'>,
): Promise<object[]> {
  const results: object[] = [];
  let away: MeshError | undefined;
  for (const each of messages) {
    try {
      // Whoever waits for an order must not get what came after a message that Redis did not take.
      if (away) throw away;
      results.push({ status: 200, ...(await publisher.publish(readItem(each, rules))) });
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === 'MESH_REDIS_UNAVAILABLE') away = problem;
      results.push(problemDocument(problem));
    }
  }
  return results;
}

function bad(message: string): MeshError {
  return new MeshError('MESH_BAD_REQUEST', message);
}
