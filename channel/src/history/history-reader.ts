import { formatEventId, parseEventId, STREAMS_KEY, streamKey, type EventId } from '@plugmesh/shared/history';
import type { Log } from '@plugmesh/shared/log';
import type { Broadcast } from '@plugmesh/shared/protocol';
import { closeRedis, connectRedis, whenConnected, type RedisConnection } from '@plugmesh/shared/redis';

/** An event as the stream of a durable topic has it. */
export interface HistoryEvent extends Broadcast {
  readonly id: EventId;
}

/** Reads what durable topics have kept. */
export interface History {
  /** The newest event; undefined when nothing is kept. */
  end(topic: string): Promise<EventId | undefined>;
  /** Events behind this one in order, up to a page full of them; none when there are no more. */
  after(topic: string, id: EventId): Promise<HistoryEvent[]>;
}

const PAGE = 200;
const PATIENCE_MS = 5000;

type Entry = [id: Buffer, fields: Buffer[]];
type Read<Answer> = (connection: RedisConnection, key: string) => Promise<Answer>;

/** History in Redis streams, over a connection of its own: a long read must not hold up what is published. */
export class HistoryReader implements History {
  readonly #redisUrl: string | undefined;
  readonly #log: Log;
  #connection: RedisConnection | undefined;

  constructor(redisUrl: string | undefined, log: Log) {
    this.#redisUrl = redisUrl;
    this.#log = log;
  }

  start(): void {
    if (this.#redisUrl === undefined) return;
    this.#connection ??= connectRedis(this.#redisUrl, {
      name: 'channel-history',
      log: this.#log,
      queue: false,
    });
  }

  async stop(): Promise<void> {
    if (this.#connection) await closeRedis(this.#connection);
  }

  async end(topic: string): Promise<EventId | undefined> {
    const entries = await this.#ask(topic, (connection, key) =>
      connection.xrevrange(key, '+', '-', 'COUNT', 1),
    );
    return parseEventId(entries?.[0]?.[0]);
  }

  async after(topic: string, id: EventId): Promise<HistoryEvent[]> {
    const start = `(${formatEventId(id)}`;
    const entries = await this.#ask(topic, (connection, key) =>
      connection.xrangeBuffer(key, start, '+', 'COUNT', PAGE),
    );
    return ((entries ?? []) as Entry[]).flatMap((entry) => toEvent(topic, entry) ?? []);
  }

  /** Asks once more when the connection was lost over it. */
  async #ask<Answer>(topic: string, read: Read<Answer>): Promise<Answer | undefined> {
    const connection = await this.#connected();
    try {
      return await readStream(connection, topic, read);
    } catch (error) {
      if (connection.status === 'ready') throw error;
      return readStream(await this.#connected(), topic, read);
    }
  }

  async #connected(): Promise<RedisConnection> {
    if (!this.#connection) throw new Error('no Redis is configured');
    await whenConnected(this.#connection, PATIENCE_MS);
    return this.#connection;
  }
}

/** Undefined while there are no streams. Their name is asked for each time: a Redis that was emptied has another one. */
async function readStream<Answer>(
  connection: RedisConnection,
  topic: string,
  read: Read<Answer>,
): Promise<Answer | undefined> {
  const name = await connection.get(STREAMS_KEY);
  return name === null ? undefined : read(connection, streamKey(name, topic));
}

/** What the function wrote: `at`, `event` and `payload`, in this order. */
function toEvent(topic: string, [idBytes, fields]: Entry): HistoryEvent | undefined {
  const id = parseEventId(idBytes.toString());
  const [event, payload] = [fields[3], fields[5]];
  return id && event && payload ? { id, topic, event: event.toString(), payload } : undefined;
}
