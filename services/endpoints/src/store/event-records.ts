import { randomUUID } from 'node:crypto';
import type { Endpoint } from '@plugmesh/sdk';
import type { Database, EventRow } from './tables.ts';

/** What can happen to an endpoint. */
export type EndpointEvent = 'registered' | 'updated' | 'unregistered' | 'connected' | 'disconnected';

/** What an event is about; `user` is whose connection it was, and not there for everybody's. */
export interface EventSubject {
  readonly endpoint: Endpoint;
  readonly user?: string;
  /** Whether the user who is connected now is an administrator there. */
  readonly admin?: boolean;
}

/** An event as it was kept. */
export interface EventRecord extends EventSubject {
  /** 1, 2, 3 … in the order in which things happened. */
  readonly id: number;
  /** The same with every try to publish it. */
  readonly key: string;
  readonly event: EndpointEvent;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What has happened: written in the same transaction as what has changed. */
export class EventRecords {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(event: EndpointEvent, about: EventSubject, now = Date.now()): Promise<void> {
    const { last } = await this.#db
      .updateTable('event_count')
      .set((eb) => ({ last: eb('last', '+', 1) }))
      .returning('last')
      .executeTakeFirstOrThrow();
    const { type } = about.endpoint;
    const row = { id: last, key: randomUUID(), event, type, at: now, about: JSON.stringify(about) };
    await this.#db
      .insertInto('events')
      .values({ ...row, published_at: null })
      .execute();
  }

  /** The first that have not been published. */
  async unpublished(limit: number): Promise<EventRecord[]> {
    const query = this.#db.selectFrom('events').selectAll().where('published_at', 'is', null);
    return (await query.orderBy('id').limit(limit).execute()).map(toRecord);
  }

  async published(id: number, now = Date.now()): Promise<void> {
    await this.#db.updateTable('events').set({ published_at: now }).where('id', '=', id).execute();
  }

  /** Those of endpoints of these types that came after one, in order. */
  async after(id: number, types: readonly string[], limit: number): Promise<EventRecord[]> {
    if (types.length === 0) return [];
    const query = this.#db.selectFrom('events').selectAll().where('id', '>', id).where('type', 'in', types);
    return (await query.orderBy('id').limit(limit).execute()).map(toRecord);
  }

  /** The first event that is still kept and the last one there was; 0: none. */
  async bounds(): Promise<{ first: number; last: number }> {
    const first = this.#db.selectFrom('events').select((eb) => eb.fn.min('id').as('id'));
    const { id } = (await first.executeTakeFirst()) ?? {};
    const { last } = await this.#db.selectFrom('event_count').select('last').executeTakeFirstOrThrow();
    return { first: id ?? last + 1, last };
  }

  /** Forgets what was published and is older than `time`. */
  async forgetBefore(time: number): Promise<void> {
    await this.#db
      .deleteFrom('events')
      .where('at', '<', time)
      .where('published_at', 'is not', null)
      .execute();
  }
}

function toRecord({ id, key, event, at, about }: EventRow): EventRecord {
  return { id, key, event: event as EndpointEvent, at, ...(JSON.parse(about) as EventSubject) };
}
