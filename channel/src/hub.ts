import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '@plugmesh/shared/config';
import { mintChannelId, type Secrets } from '@plugmesh/shared/identity';
import type { Step } from '@plugmesh/shared/lifecycle';
import type { Log } from '@plugmesh/shared/log';
import type { MeshDocument } from '@plugmesh/shared/mesh-document';
import { DISCONNECT, type Broadcast } from '@plugmesh/shared/protocol';
import { AdminEvents } from './admin/admin-events.ts';
import { Bus } from './bus/bus.ts';
import { DurableTopics } from './history/durable-topics.ts';
import { HistoryReader } from './history/history-reader.ts';
import { SignIns } from './identity/sign-ins.ts';
import { ChannelMetrics } from './metrics/channel-metrics.ts';
import { Peers } from './peers/peers.ts';
import { createPresence } from './presence/create-presence.ts';
import type { PresenceNews } from './presence/presence.ts';
import { ClientLog } from './socket/client-log.ts';
import type { Connection } from './socket/connection.ts';
import { isMeant, parseDisconnectOrder } from './socket/disconnect-order.ts';
import { Expiries } from './socket/expiries.ts';
import type { Membership } from './socket/membership.ts';
import { Replies, REPLY_TOPIC } from './socket/replies.ts';
import type { SocketServices } from './socket/services.ts';
import { Socket, type Client } from './socket/socket.ts';
import { endWithError, Sockets } from './socket/sockets.ts';
import { TopicAccess } from './topics/topic-access.ts';
import { Topics } from './topics/topics.ts';

/** What a hub is made from. */
export interface HubOptions {
  readonly config: Config;
  readonly document: MeshDocument;
  readonly secrets: Secrets;
  readonly log: Log;
}

/** Where sockets and Redis meet: whoever is in a topic is handed what comes for it. */
export class Hub {
  readonly metrics: ChannelMetrics;
  /** Undefined where no Redis is configured. */
  readonly peers: Peers | undefined;
  readonly services: SocketServices;
  readonly sockets: Sockets;
  readonly #options: HubOptions;
  readonly #topics: Topics<Membership>;
  readonly #bus: Bus;
  readonly #history: HistoryReader;
  readonly #durable: DurableTopics;
  readonly #admin: AdminEvents | undefined;
  readonly #signIns: SignIns;

  constructor(options: HubOptions) {
    const { config, log } = options;
    this.#options = options;
    this.#topics = new Topics(
      (count, bytes) => {
        this.metrics.count('deliveries', count);
        this.metrics.count('sent_bytes', bytes);
      },
      (...change) => this.#admin?.record(...change),
    );
    this.sockets = new Sockets({
      idleMs: config.channel.limits.idleMs,
      drainMs: config.gateway.limits.drainMs,
    });
    this.#bus = new Bus({
      redisUrl: config.redisUrl,
      log,
      onMessage: (message) => this.#receive(message),
      onDisconnect: (payload) => this.#disconnect(payload),
      onAccessChange: (payload) => this.#signIns.hear(payload),
      onLost: () => this.#loseBus(),
      onLive: () => {
        this.#durable.resume();
        void this.#signIns.checkAll();
      },
    });
    this.metrics = new ChannelMetrics({
      sockets: () => this.sockets.size,
      topics: () => this.#topics.size,
      queue_bytes: () => this.sockets.queuedBytes,
      redis_lag_seconds: () => this.#bus.lagMs / 1000,
    });
    this.#history = new HistoryReader(config.redisUrl, log);
    this.#durable = this.#createDurableTopics();
    this.services = this.#createServices();
    this.peers = config.redisUrl === undefined ? undefined : new Peers(config.redisUrl, log);
    this.#signIns = new SignIns({
      connection: this.peers?.connection,
      everyMs: config.channel.limits.idleMs / 4,
    });
    this.#admin = this.peers && new AdminEvents({ peers: this.peers, ...this.services });
  }

  /** Whether everything that is published reaches the sockets. */
  get live(): boolean {
    return this.#bus.live;
  }

  /** What starts and stops, in order. */
  steps(): readonly Step[] {
    const { expiries, presence, replies } = this.services;
    return [
      { name: 'bus', start: () => this.#bus.start(), stop: () => this.#bus.stop() },
      { name: 'tokens', start: () => expiries.start(), stop: () => expiries.stop() },
      { name: 'replies', start: () => replies.start(), stop: () => replies.stop() },
      { name: 'history', start: () => this.#history.start(), stop: () => this.#history.stop() },
      { name: 'durable topics', start: () => this.#durable.start(), stop: () => this.#durable.stop() },
      { name: 'presence', start: () => presence.start(), stop: () => presence.stop() },
      { name: 'peers', start: () => this.peers?.start(), stop: () => this.peers?.stop() },
      { name: 'sign-ins', start: () => this.#signIns.start(), stop: () => this.#signIns.stop() },
      { name: 'admin events', stop: () => this.#admin?.stop() },
      {
        name: 'sockets',
        start: () => this.sockets.start(),
        drain: () => this.sockets.drain(),
        stop: () => this.sockets.stop(),
      },
    ];
  }

  /** A client has come, by whatever transport. */
  connect(connection: Connection, client: Client): Socket {
    const socket = new Socket(connection, this.services, client);
    this.sockets.add(socket);
    this.#signIns.follow(socket);
    return socket;
  }

  /** The connection of a client is gone. */
  disconnect(socket: Socket): void {
    this.#signIns.unfollow(socket);
    this.sockets.remove(socket);
  }

  #createDurableTopics(): DurableTopics {
    return new DurableTopics({
      history: this.#history,
      log: this.#options.log,
      isDurable: (topic) => this.services.access.rule(topic)?.history !== undefined,
      subscribed: () => this.#topics.names(),
      deliver: (message) => this.#topics.broadcast(message),
      onBroken: (topic) => void endWithError(this.#topics.membersOf(topic)),
      onRepaired: () => this.metrics.count('repairs'),
    });
  }

  #createServices(): SocketServices {
    const { config, document, secrets, log } = this.#options;
    const { limits, undeclaredTopics } = config.channel;
    const node = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
    return {
      access: new TopicAccess({ document, secrets, undeclaredTopics }),
      bus: this.#bus,
      clientLog: new ClientLog(log),
      durable: this.#durable,
      expiries: new Expiries(),
      limits,
      log,
      metrics: this.metrics,
      mintId: () => mintChannelId(secrets),
      node,
      presence: createPresence({ config, log, node, tell: (topic, news) => this.#tellPresence(topic, news) }),
      replies: new Replies(),
      topics: this.#topics,
    };
  }

  #receive(message: Broadcast): void {
    if (message.topic === REPLY_TOPIC) this.services.replies.settle(message.event, message.payload);
    else this.#durable.receive(message);
  }

  #disconnect(payload: Buffer): void {
    const order = parseDisconnectOrder(payload);
    if (order) this.sockets.disconnect((socket) => isMeant(socket, order));
    else
      this.#options.log.warn(`'${DISCONNECT}' expects {"socket"}, {"user"}, {"session"} or {"id"}, a text`);
  }

  /** Plain topics have missed something: their clients join again. Durable ones catch up by themselves. */
  #loseBus(): void {
    this.#durable.suspend();
    const { access } = this.services;
    const mustRejoin = (topic: string): boolean =>
      !this.#durable.has(topic) || access.rule(topic)?.presence === true;
    void endWithError(this.#topics.members().filter(({ topic }) => mustRejoin(topic)));
  }

  #tellPresence(topic: string, news: () => PresenceNews): void {
    if (!this.#topics.has(topic)) return;
    const { event, payload } = news();
    this.#topics.broadcast({ topic, event, payload: Buffer.from(JSON.stringify(payload)) });
  }
}
