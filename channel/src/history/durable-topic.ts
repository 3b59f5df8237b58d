import { eventIdOf, type EventId } from '@plugmesh/shared/history';
import type { Broadcast } from '@plugmesh/shared/protocol';
import type { History } from './history-reader.ts';

/** What a durable topic reads from and delivers to. */
export interface DurableTopicOptions {
  readonly name: string;
  readonly history: History;
  /** Hands a message to every subscriber of this process. */
  readonly deliver: (message: Broadcast) => void;
  /** Events were lost for good: whoever is subscribed has to begin anew. */
  readonly onBroken: () => void;
  /** An event was missing on the bus, and came from the stream. */
  readonly onRepaired: () => void;
}

/**
 * `unknown`: the position is not known yet; `live`: what follows the position is delivered as it comes; `reading`: it
 * comes from the stream, messages wait; `away`: the bus is lost; `broken`: over, see `onBroken`.
 */
type State = 'unknown' | 'live' | 'reading' | 'away' | 'broken';

/** So many messages wait while the stream is read; those above it are a gap, which is read too. */
const WAITING_LIMIT = 1000;

/**
 * A durable topic with subscribers in this process. It knows the last event that was delivered to them and makes sure
 * that the next one is the next number: a gap is filled from the stream before anything else goes on.
 */
export class DurableTopic {
  /** Joins that are about to subscribe. */
  joining = 0;
  readonly #options: DurableTopicOptions;
  #state: State = 'unknown';
  #position: EventId | undefined;
  #wasAway = false;
  #waiting: Broadcast[] = [];
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: DurableTopicOptions) {
    this.#options = options;
  }

  get state(): State {
    return this.#state;
  }

  /** The last event that was delivered; undefined when nothing is kept. */
  get position(): EventId | undefined {
    return this.#position;
  }

  /** Takes a message from the bus. One without an id was published plainly: live only. */
  receive(message: Broadcast): void {
    const id = eventIdOf(message.payload);
    if (!id) this.#options.deliver(message);
    else if (this.#state === 'live') this.#take(message, id);
    else if (this.#waiting.length < WAITING_LIMIT) this.#waiting.push(message);
  }

  /** The bus is lost: nothing is delivered until `sync`. */
  suspend(): void {
    this.#wasAway = true;
    if (this.#state === 'live') this.#state = 'away';
  }

  /** Resolves when everything that was published before the call is delivered. Rejects when Redis cannot be asked. */
  sync(): Promise<void> {
    if (!this.#running) return this.#begin();
    // What is under way may have looked at the stream's end before this call.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#begin();
      });
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#running = this.#catchUp().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #catchUp(): Promise<void> {
    if (this.#state === 'broken') return;
    const [before, wasAway] = [this.#state, this.#wasAway];
    this.#state = 'reading';
    try {
      const end = await this.#options.history.end(this.#options.name);
      if (before === 'unknown') this.#position = end;
      else if (!(await this.#follow(end, wasAway))) {
        this.#state = 'broken';
        this.#options.onBroken();
        return;
      }
    } catch (error) {
      // The stream has what waited: the next look finds it.
      this.#state = before === 'reading' ? 'live' : before;
      this.#waiting = [];
      throw error;
    }
    if (wasAway) this.#wasAway = false;
    this.#goLive();
  }

  #goLive(): void {
    this.#state = 'live';
    for (const message of this.#waiting.splice(0)) this.receive(message);
  }

  /** Delivers what lies between the position and the stream's end. Resolves to whether that was possible. */
  async #follow(end: EventId | undefined, wasAway: boolean): Promise<boolean> {
    const position = this.#position;
    if (position && end?.epoch !== position.epoch) {
      // A stream ends with its last event's age, and that loses nothing; in an outage we cannot know.
      if (wasAway) return false;
      this.#position = undefined;
    }
    if (!end) return true;
    const from = this.#position ?? { epoch: end.epoch, number: 0 };
    // A server that has forgotten its last second may give a number out twice.
    if (end.number < from.number) return false;
    return this.#deliverBetween(from, end);
  }

  async #deliverBetween(from: EventId, end: EventId): Promise<boolean> {
    let last = from;
    while (last.number < end.number) {
      const events = await this.#options.history.after(this.#options.name, last);
      if (events.length === 0) return false;
      for (const event of events) {
        if (event.id.epoch !== last.epoch || !isNext(last, event.id)) return false;
        last = this.#position = event.id;
        this.#options.onRepaired();
        this.#options.deliver(event);
      }
    }
    return true;
  }

  #take(message: Broadcast, id: EventId): void {
    const position = this.#position;
    if (isNext(position, id)) {
      this.#position = id;
      this.#options.deliver(message);
    } else if (id.epoch !== position?.epoch || id.number > position.number) {
      this.#state = 'reading';
      // When Redis cannot be asked now, the next check asks it.
      this.sync().catch(() => undefined);
    }
  }
}

/** Whether nothing lies between two events; a new stream begins with 1. */
export function isNext(position: EventId | undefined, { epoch, number }: EventId): boolean {
  return epoch === position?.epoch ? number === position.number + 1 : number === 1;
}
