import { MeshError } from '../errors/index.ts';
import { fromChannel, isEventName, isTopicName, toChannel } from '../protocol/index.ts';
import type { RedisConnection } from './connect-redis.ts';

/** Sends messages to browsers and from them. At most once: nothing is kept for a Redis that is away. */
export class BusPublisher {
  readonly #connection: RedisConnection;

  /** One connection serves any number of publishers. */
  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /**
   * Publishes `to:<topic>:<event>`, to every browser joined to the topic. A payload of bytes goes out as it is,
   * everything else as JSON. Resolves to whether Redis took it; throws only for a name that the bus does not have.
   */
  publish(topic: string, event: string, payload: unknown): Promise<boolean> {
    assertNames(topic, event);
    return this.#send(toChannel(topic, event), payload);
  }

  /** Publishes `from:<topic>:<event>`, as if a browser had pushed it. Resolves to whether Redis took it. */
  publishFrom(topic: string, event: string, payload: unknown): Promise<boolean> {
    assertNames(topic, event);
    return this.#send(fromChannel(topic, event), payload);
  }

  async #send(channel: string, payload: unknown): Promise<boolean> {
    // Queued messages would all come at once after the outage, late, and fill our memory until then.
    if (this.#connection.status !== 'ready') return false;
    const data =
      payload instanceof Uint8Array
        ? Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
        : JSON.stringify(payload);
    try {
      await this.#connection.publish(channel, data);
      return true;
    } catch {
      return false;
    }
  }
}

function assertNames(topic: string, event: string): void {
  if (isTopicName(topic) && isEventName(event)) return;
  throw new MeshError('MESH_BAD_REQUEST', `topic '${topic}' and event '${event}' do not make a bus name`, {
    fix: 'a topic is 1 to 255 bytes; an event likewise, without a colon',
  });
}
