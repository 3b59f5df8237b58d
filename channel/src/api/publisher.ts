import { createHash } from 'node:crypto';
import { MeshError } from '@plugmesh/shared/errors';
import { toChannel } from '@plugmesh/shared/protocol';
import { publishDurable, type RedisConnection } from '@plugmesh/shared/redis';
import type { OutgoingMessage } from './read-message.ts';

/** What became of a message. */
export interface Published {
  readonly topic: string;
  readonly event: string;
  /** Durable topics. */
  readonly _id?: string;
}

/** How long the key of a plain message is remembered; that of a durable one as long as its event. */
const ONCE_MS = 600_000;
const ONCE = 'plugmesh:once:';

/** Remembers the key and publishes in one step: no answer can be lost in between. Answers what is remembered. */
const PUBLISH_ONCE = `
local earlier = redis.call('GET', KEYS[1])
if earlier then return earlier end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return ARGV[1]
`;

/** Publishes for the server API. A key is good for one message: given again, nothing is published and the result is the first. */
export class Publisher {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** Resolves when Redis has it. Throws a MeshError; after `MESH_REDIS_UNAVAILABLE` it may have been published. */
  async publish(message: OutgoingMessage): Promise<Published> {
    const { topic, event, rule } = message;
    if (!rule.history) {
      await this.#publishPlain(message);
      return { topic, event };
    }
    await this.#claim(message, rule.history.ttlMs);
    return { topic, event, _id: await this.#publishDurable(message) };
  }

  async #publishPlain({
    topic,
    event,
    data,
    idempotencyKey: key,
    ...message
  }: OutgoingMessage): Promise<void> {
    const channel = toChannel(topic, event);
    if (key === undefined) {
      await this.#connection.publish(channel, data);
      return;
    }
    const print = fingerprint({ topic, event, data, ...message });
    const remembered = await this.#connection.eval(
      PUBLISH_ONCE,
      1,
      ONCE + key,
      print,
      ONCE_MS,
      channel,
      data,
    );
    if (remembered !== print) throw mismatch(key);
  }

  /** The function knows a key's event but not what was sent with it. Who claims a key and fails tries again with the same. */
  async #claim(message: OutgoingMessage, ttlMs: number): Promise<void> {
    const { idempotencyKey: key } = message;
    if (key === undefined) return;
    const print = fingerprint(message);
    const remembered = await this.#connection.call('SET', ONCE + key, print, 'PX', ttlMs, 'NX', 'GET');
    if (remembered !== null && remembered !== print) throw mismatch(key);
  }

  async #publishDurable({ topic, event, payload, idempotencyKey: key }: OutgoingMessage): Promise<string> {
    const once = key === undefined ? {} : { idempotencyKey: key };
    const result = await publishDurable(this.#connection, { topic, event, payload, ...once });
    if (result.ok) return result.id;
    const { code, reason } = result;
    // What was refused was not published: the key is free for what will be.
    if (key !== undefined && code !== 'MESH_REDIS_UNAVAILABLE') await this.#connection.del(ONCE + key);
    throw new MeshError(code, reason);
  }
}

/** Names have no control characters, so that nothing else gives the same text. */
function fingerprint({
  topic,
  event,
  data,
  payload,
}: Omit<OutgoingMessage, 'rule' | 'idempotencyKey'>): string {
  const kind = Buffer.isBuffer(payload) ? 'bytes' : 'json';
  return createHash('sha256').update(`${topic}\0${event}\0${kind}\0`).update(data).digest('base64url');
}

function mismatch(key: string): MeshError {
  return new MeshError('MESH_IDEMPOTENCY_MISMATCH', `the key '${key}' was given with another message`, {
    fix: 'take a new key for each message, and the same one only to send that message again',
  });
}
