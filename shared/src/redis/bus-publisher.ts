import { Command } from 'ioredis';
import { MeshError } from '../errors/index.ts';
import { fromChannel, isEventName, isTopicName, toChannel } from '../protocol/index.ts';
import type { RedisConnection } from './connect-redis.ts';

/** Who waits for a message to be taken has a request to answer; a Redis that says nothing is given up only after 5 s. */
const ANSWER_MS = 2000;

/** Sends messages to browsers and from them. At most once: nothing is kept for a Redis that is away. */
export class BusPublisher {
  readonly #connection: RedisConnection;

  /** One connection serves any number of publishers. */
  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /**
   * Publishes `to:<topic>:<event>`, to every browser joined to the topic. A payload of bytes goes out as it is,
   * everything else as JSON. Resolves to whether Redis said within two seconds that it took it; throws only for a name that
   * the bus does not have, and for what is no JSON.
   */
  publish(topic: string, event: string, payload: unknown): Promise<boolean> {
    const data = busData(topic, event, payload);
    return this.#send(toChannel(topic, event), data);
  }

  /** Publishes `from:<topic>:<event>`, as if a browser had pushed it. Resolves to whether Redis took it. */
  publishFrom(topic: string, event: string, payload: unknown): Promise<boolean> {
    const data = busData(topic, event, payload);
    return this.#send(fromChannel(topic, event), data);
  }

  async #send(channel: string, data: Buffer | string): Promise<boolean> {
    // Queued messages would all come at once after the outage, late, and fill our memory until then.
    if (this.#connection.status !== 'ready') return false;
    const command = new Command('publish', [channel, data]);
    command.setTimeout(ANSWER_MS);
    try {
      await this.#connection.sendCommand(command);
      return true;
    } catch {
      return false;
    }
  }
}

/** What goes through the bus: bytes as they are, everything else as JSON. Throws for names that the bus does not have. */
export function busData(topic: string, event: string, payload: unknown): Buffer | string {
  assertNames(topic, event);
  if (payload instanceof Uint8Array)
    return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  // No payload is one that says nothing: an empty message would be no JSON.
  const text = JSON.stringify(payload ?? null) as string | undefined;
  if (text !== undefined) return text;
  throw new MeshError(
    'MESH_BAD_REQUEST',
    `what is published to '${topic}' is no JSON but a ${typeof payload}`,
  );
}

function assertNames(topic: string, event: string): void {
  if (isTopicName(topic) && isEventName(event)) return;
  throw new MeshError('MESH_BAD_REQUEST', `topic '${topic}' and event '${event}' do not make a bus name`, {
    fix: 'a topic is 1 to 255 bytes; an event likewise, without a colon',
  });
}
