import { randomBytes } from 'node:crypto';
import { userOf, type Identity } from '@plugmesh/shared/identity';
import type { Message, Ref } from '@plugmesh/shared/protocol';
import type { Refusal } from '../topics/topic-access.ts';
import { CLOSE_CODES, type CloseCause } from './close-codes.ts';
import type { Connection, Droppable } from './connection.ts';
import { handleMessage } from './handle-message.ts';
import { Inbox } from './inbox.ts';
import type { Membership } from './membership.ts';
import { RateLimit } from './rate-limit.ts';
import type { Encoding, Serializer } from './serializer.ts';
import type { SocketServices } from './services.ts';

const MALFORMED_LIMIT = 10;

/** What a client says of itself when it connects. */
export interface Client {
  readonly credentials: string | undefined;
  /** Who it is, as the gateway says. */
  readonly identity: Identity;
  readonly serializer: Serializer;
}

/** One client: takes its frames in order and holds its memberships. */
export class Socket {
  /** Known to others (bus, presence); says nothing that opens anything. */
  readonly name = randomBytes(9).toString('base64url');
  readonly services: SocketServices;
  /** What the client showed when it connected. Never logged, never on the bus. */
  readonly credentials: string | undefined;
  /** Who it is for as long as it is connected. */
  readonly identity: Identity;
  readonly joinRate: RateLimit;
  readonly pushRate: RateLimit;
  /** When the last frame came, in milliseconds of `performance.now()`. */
  lastFrameAt = performance.now();
  readonly #connection: Connection;
  readonly #serializer: Serializer;
  readonly #inbox = new Inbox((message, signal) => this.#handle(message, signal));
  readonly #memberships = new Map<string, Membership>();
  readonly #errorsSent = new Set<string>();
  #state: 'open' | 'closed' = 'open';
  #malformed = 0;
  #ownId: string | undefined;

  constructor(connection: Connection, services: SocketServices, client: Client) {
    this.#connection = connection;
    this.#serializer = client.serializer;
    this.services = services;
    this.credentials = client.credentials;
    this.identity = client.identity;
    this.joinRate = new RateLimit(services.limits.joinsPerSecond);
    this.pushRate = new RateLimit(services.limits.pushesPerSecond);
  }

  /** The client's id without a token; it alone learns it, from its join replies. */
  get ownId(): string {
    return (this.#ownId ??= this.services.mintId());
  }

  /** Whether this client has the id, by itself or by a token in one of its topics. */
  hasId(id: string): boolean {
    if (this.#ownId === id) return true;
    return [...this.#memberships.values()].some((membership) => membership.id === id);
  }

  /** Id of the signed-in user, as it is told to plugins. */
  get user(): string | null {
    return userOf(this.identity) ?? null;
  }

  get encoding(): Encoding {
    return this.#serializer.encoding;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Bytes that the client has not taken yet. */
  get queuedBytes(): number {
    return this.#connection.queuedBytes;
  }

  get memberships(): ReadonlyMap<string, Membership> {
    return this.#memberships;
  }

  /** Takes one frame from the client. */
  receive(data: Buffer, isBinary: boolean): void {
    if (!this.isOpen) return;
    this.lastFrameAt = performance.now();
    this.services.metrics.count('received_bytes', data.length);
    const message = this.#serializer.decode(data, isBinary);
    if (!message || hasLongRef(message, this.services.limits.name)) {
      this.#countMalformed();
      return;
    }
    this.#inbox.add(message, data.length);
    if (this.#inbox.bytes > this.services.limits.queue) this.close('rate');
  }

  /**
   * Sends a complete frame. Memory does not grow with a client that reads too slowly: it is closed, or frames that are
   * droppable make room.
   */
  deliver(frame: Buffer, droppable?: Droppable, event?: string): void {
    if (!this.isOpen) return;
    this.#connection.write(frame, droppable, event);
    if (!droppable && this.#connection.queuedBytes > this.services.limits.queue) this.close('slow');
  }

  reply(message: Message, status: 'ok' | 'error', response: unknown): void {
    const { joinRef, ref, topic } = message;
    this.#send(this.#serializer.encodeReply({ joinRef, ref, topic, status, response }));
  }

  refuse(message: Message, refusal: Refusal): void {
    this.services.metrics.countRefusal(refusal.code);
    const { event, topic } = message;
    this.services.clientLog.refused({ socket: this.name, topic, event, code: refusal.code }, refusal.reason);
    this.reply(message, 'error', refusal);
  }

  /** Takes one from the rate; when there is none, refuses, and closes a client that goes on regardless. */
  allows(message: Message, rate: RateLimit): boolean {
    const retryAfter = rate.take();
    if (retryAfter === 0) return true;
    this.refuse(message, { reason: 'too many messages', code: 'MESH_RATE_LIMITED', retryAfter });
    if (rate.isExhausted) this.close('rate');
    return false;
  }

  /** Sends an event to one membership. */
  push(membership: Membership, event: string, payload: unknown): void {
    const { joinRef, topic } = membership;
    this.#send(this.#serializer.encodePush({ joinRef, topic, event, payload }));
  }

  attach(membership: Membership): void {
    this.#memberships.set(membership.topic, membership);
    this.#errorsSent.delete(membership.topic);
    this.services.topics.add(membership);
    this.#announce(membership, 'phx_join');
  }

  /** Ends a membership on our side; what the client is told is the caller's. */
  detach(membership: Membership): void {
    const { topic, presenceRef } = membership;
    if (this.#memberships.get(topic) !== membership) return;
    this.#memberships.delete(topic);
    this.services.topics.remove(membership);
    this.services.expiries.remove(membership);
    if (presenceRef !== undefined) this.services.presence.untrack(topic, this.name, presenceRef);
    this.#announce(membership, 'phx_leave');
  }

  /** As `detach`, by an outage of ours: the client is about to join again, and others still see it present. */
  suspend(membership: Membership): void {
    const { topic, presenceRef } = membership;
    membership.presenceRef = undefined;
    if (presenceRef !== undefined) this.services.presence.suspend(topic, this.name, presenceRef);
    this.detach(membership);
  }

  /** Tells the client that a membership is over: `phx_close` for good, `phx_error` so that it joins again. */
  end(topic: string, joinRef: Ref, event: 'phx_close' | 'phx_error'): void {
    this.#send(this.#serializer.encodeEnd({ joinRef, topic, event, payload: {} }));
  }

  /** A push to a topic that is not joined: one `phx_error`, or the client would believe for ever that it is. */
  endUnknown({ topic, joinRef }: Message): void {
    if (this.#errorsSent.has(topic)) return;
    if (this.#errorsSent.size >= this.services.limits.topicsPerSocket) this.#errorsSent.clear();
    this.#errorsSent.add(topic);
    this.end(topic, joinRef, 'phx_error');
  }

  /** Closes the connection and ends everything at once. */
  close(cause: CloseCause): void {
    if (!this.isOpen) return;
    const { code, reason } = CLOSE_CODES[cause];
    this.services.clientLog.closed(this.name, cause);
    this.services.metrics.countClose(code);
    this.#connection.close(code, reason);
    this.finish();
  }

  /** The connection is gone: memberships end, others are told. Safe to call twice. */
  finish(): void {
    if (!this.isOpen) return;
    this.#state = 'closed';
    this.#inbox.clear();
    for (const membership of [...this.#memberships.values()]) this.detach(membership);
    this.services.presence.release(this.name);
  }

  /** Cuts the connection without a goodbye. */
  terminate(): void {
    this.#connection.terminate();
    this.finish();
  }

  #send(text: string): void {
    const frame = this.#serializer.frame(text);
    this.services.metrics.count('sent_bytes', frame.length);
    this.deliver(frame);
  }

  async #handle(message: Message, signal: AbortSignal): Promise<void> {
    try {
      await handleMessage(this, message, signal);
    } catch (error) {
      this.services.log.error({ err: error, socket: this.name, event: message.event }, 'a message failed');
      this.reply(message, 'error', { reason: 'something went wrong', code: 'MESH_INTERNAL' });
    }
  }

  #countMalformed(): void {
    this.services.metrics.count('malformed');
    if (++this.#malformed >= MALFORMED_LIMIT) this.close('malformed');
  }

  #announce({ topic }: Membership, event: 'phx_join' | 'phx_leave'): void {
    const { name, user, services } = this;
    void services.bus.publish(topic, event, { socket: name, user, node: services.node });
  }
}

/** References are echoed and kept for as long as a membership lasts: they are names, not payloads. */
function hasLongRef({ ref, joinRef }: Message, limit: number): boolean {
  return [ref, joinRef].some((each) => typeof each === 'string' && each.length > limit);
}
