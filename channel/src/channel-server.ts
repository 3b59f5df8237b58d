import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '@plugmesh/shared/config';
import { MeshError } from '@plugmesh/shared/errors';
import { bearerToken, mintChannelId, verifyOperatorToken, type Secrets } from '@plugmesh/shared/identity';
import type { Step } from '@plugmesh/shared/lifecycle';
import type { Log } from '@plugmesh/shared/log';
import { DISCONNECT, type Broadcast } from '@plugmesh/shared/protocol';
import type { MeshDocumentFollower } from '@plugmesh/shared/redis';
import { Bus } from './bus/bus.ts';
import { DurableTopics } from './history/durable-topics.ts';
import { HistoryReader } from './history/history-reader.ts';
import { ChannelMetrics } from './metrics/channel-metrics.ts';
import { createPresence } from './presence/create-presence.ts';
import type { PresenceNews } from './presence/presence.ts';
import { CloseLog } from './socket/close-log.ts';
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
import { HttpListener } from './transport/http-listener.ts';
import { httpRoutes, type Answer, type Route, type Routes } from './transport/http-routes.ts';
import { compileOrigins } from './transport/origins.ts';
import { tokenRoute } from './transport/token-route.ts';
import { TurnWriter } from './transport/turn-writer.ts';
import { Upgrades } from './transport/upgrades.ts';

/** What a channel process is made from. */
export interface ChannelServerOptions {
  readonly config: Config;
  readonly documents: Pick<MeshDocumentFollower, 'current' | 'onChange' | 'start' | 'stop'>;
  readonly secrets: Secrets;
  readonly log: Log;
}

/** One channel process: browsers on one side, Redis on the other. */
export class ChannelServer {
  readonly #options: ChannelServerOptions;
  readonly #topics = new Topics<Membership>((count, bytes) => {
    this.#metrics.count('deliveries', count);
    this.#metrics.count('sent_bytes', bytes);
  });
  readonly #sockets: Sockets;
  readonly #metrics: ChannelMetrics;
  readonly #bus: Bus;
  readonly #history: HistoryReader;
  readonly #durable: DurableTopics;
  readonly #services: SocketServices;
  readonly #listener: HttpListener;
  #state: 'starting' | 'ready' | 'draining' = 'starting';

  constructor(options: ChannelServerOptions) {
    const { config, log } = options;
    const { limits } = config.channel;
    this.#options = options;
    this.#sockets = new Sockets({ idleMs: limits.idleMs, drainMs: config.gateway.limits.drainMs });
    this.#metrics = new ChannelMetrics({
      sockets: () => this.#sockets.size,
      topics: () => this.#topics.size,
      queue_bytes: () => this.#sockets.queuedBytes,
      redis_lag_seconds: () => this.#bus.lagMs / 1000,
    });
    this.#bus = new Bus({
      redisUrl: config.redisUrl,
      log,
      onMessage: (message) => this.#receive(message),
      onDisconnect: (payload) => this.#disconnect(payload),
      onLost: () => this.#loseBus(),
      onLive: () => this.#durable.resume(),
    });
    this.#history = new HistoryReader(config.redisUrl, log);
    this.#durable = this.#createDurableTopics();
    this.#services = this.#createServices();
    this.#listener = new HttpListener({
      host: config.channel.host,
      port: config.channel.port,
      drainMs: config.gateway.limits.drainMs,
      queueLimit: limits.queue,
      onRequest: httpRoutes(this.#routes(), log),
      upgrades: this.#createUpgrades(),
    });
  }

  /** What starts and stops, in order. */
  steps(): readonly Step[] {
    const { config, documents } = this.#options;
    const { access, expiries, presence, replies } = this.#services;
    let unfollow: (() => void) | undefined;
    return [
      {
        name: 'mesh document',
        start: async () => {
          await documents.start();
          access.useDocument(documents.current);
          unfollow = documents.onChange((document) => access.useDocument(document));
        },
        stop: async () => {
          unfollow?.();
          await documents.stop();
        },
      },
      { name: 'bus', start: () => this.#bus.start(), stop: () => this.#bus.stop() },
      { name: 'tokens', start: () => expiries.start(), stop: () => expiries.stop() },
      { name: 'replies', start: () => replies.start(), stop: () => replies.stop() },
      { name: 'history', start: () => this.#history.start(), stop: () => this.#history.stop() },
      {
        name: 'durable topics',
        start: () => this.#durable.start(),
        stop: () => this.#durable.stop(),
      },
      { name: 'presence', start: () => presence.start(), stop: () => presence.stop() },
      {
        name: 'sockets',
        start: () => this.#sockets.start(),
        drain: () => this.#sockets.drain(),
        stop: () => this.#sockets.stop(),
      },
      {
        name: 'server',
        start: () => this.#listen(),
        drain: () => this.#drain(),
        // Clients answer the close frames of the drain meanwhile.
        stop: () => this.#listener.drain(),
        deadlineMs: config.gateway.limits.drainMs + 1000,
      },
    ];
  }

  async #listen(): Promise<void> {
    await this.#listener.start();
    this.#metrics.start();
    this.#state = 'ready';
    this.#options.log.info(`channel listens on ${this.#listener.url}`);
  }

  /** First of all, so that clients who come back are accepted by another process. */
  #drain(): void {
    this.#state = 'draining';
    void this.#listener.drain();
  }

  #createDurableTopics(): DurableTopics {
    return new DurableTopics({
      history: this.#history,
      log: this.#options.log,
      isDurable: (topic) => this.#services.access.rule(topic)?.history !== undefined,
      subscribed: () => this.#topics.names(),
      deliver: (message) => this.#broadcast(message),
      onBroken: (topic) => void endWithError(this.#topics.membersOf(topic)),
      onRepaired: () => this.#metrics.count('repairs'),
    });
  }

  /** Plain topics have missed something: their clients join again. Durable ones catch up by themselves. */
  #loseBus(): void {
    this.#durable.suspend();
    const { access } = this.#services;
    const mustRejoin = (topic: string): boolean =>
      !this.#durable.has(topic) || access.rule(topic)?.presence === true;
    void endWithError(this.#topics.members().filter(({ topic }) => mustRejoin(topic)));
  }

  #createServices(): SocketServices {
    const { config, documents, secrets, log } = this.#options;
    const { limits, undeclaredTopics } = config.channel;
    const node = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
    return {
      access: new TopicAccess({ document: documents.current, secrets, undeclaredTopics }),
      bus: this.#bus,
      durable: this.#durable,
      expiries: new Expiries(),
      limits,
      log,
      closeLog: new CloseLog(log),
      metrics: this.#metrics,
      mintId: () => mintChannelId(secrets),
      node,
      presence: createPresence({ config, log, node, tell: (topic, news) => this.#tellPresence(topic, news) }),
      replies: new Replies(),
      topics: this.#topics,
    };
  }

  #createUpgrades(): Upgrades {
    const { config, log } = this.#options;
    const { origins, limits } = config.channel;
    return new Upgrades({
      frameLimit: limits.frame,
      isOriginAllowed: compileOrigins(origins, { allowLoopback: config.mode === 'development' }),
      whyClosed: () => this.#whyClosed(),
      connect: (connection, client) => this.#connect(connection, client),
      disconnect: (socket) => this.#sockets.remove(socket),
      outbound: {
        turn: new TurnWriter(),
        queueLimit: limits.queue,
        onDrop: (reason) => this.#metrics.countDrop(reason),
      },
      onRefused: ({ code, message }) => {
        this.#metrics.countRefusal(code);
        log.debug({ code }, `a connection was refused: ${message}`);
      },
      onBadFrame: ({ name }, code) => {
        this.#metrics.countClose(code);
        log.debug({ socket: name, code }, 'closed for a frame that WebSocket does not allow');
      },
    });
  }

  #connect(connection: Connection, client: Client): Socket {
    const socket = new Socket(connection, this.#services, client);
    this.#sockets.add(socket);
    return socket;
  }

  #receive(message: Broadcast): void {
    if (message.topic === REPLY_TOPIC) this.#services.replies.settle(message.event, message.payload);
    else this.#durable.receive(message);
  }

  #disconnect(payload: Buffer): void {
    const order = parseDisconnectOrder(payload);
    if (order) this.#sockets.disconnect((socket) => isMeant(socket, order));
    else
      this.#options.log.warn(`'${DISCONNECT}' expects {"socket"}, {"user"}, {"session"} or {"id"}, a text`);
  }

  #broadcast(message: Broadcast): void {
    this.#topics.broadcast(message);
  }

  #tellPresence(topic: string, news: () => PresenceNews): void {
    if (!this.#topics.has(topic)) return;
    const { event, payload } = news();
    this.#broadcast({ topic, event, payload: Buffer.from(JSON.stringify(payload)) });
  }

  #whyClosed(): string | undefined {
    if (this.#state === 'draining') return 'this process is about to stop';
    const { sockets } = this.#options.config.channel.limits;
    return this.#sockets.size >= sockets ? `this process has its ${sockets} sockets` : undefined;
  }

  #routes(): Routes {
    const { secrets, config } = this.#options;
    const token = tokenRoute({ access: this.#services.access, secrets, ttlMs: config.channel.tokenTtlMs });
    return new Map<string, Route>([
      ['POST /token', token],
      ['POST /socket/token', token],
      ['GET /healthz', () => ({ status: 200, body: { state: 'live' } })],
      ['GET /readyz', () => this.#readiness()],
      ['GET /metrics', ({ headers }) => this.#metricsFor(bearerToken(headers.authorization))],
    ]);
  }

  #readiness(): Answer {
    if (this.#state !== 'ready') return { status: 503, body: { state: this.#state } };
    if (this.#bus.live) return { status: 200, body: { state: 'ready' } };
    return { status: 503, body: { state: 'degraded', reason: 'Redis cannot be reached: joins wait' } };
  }

  async #metricsFor(token: string | undefined): Promise<Answer> {
    if (token === undefined || !verifyOperatorToken(this.#options.secrets, token)) {
      throw new MeshError('MESH_UNAUTHORIZED', 'metrics need the operator token');
    }
    return { status: 200, body: await this.#metrics.text(), type: 'text/plain; version=0.0.4' };
  }
}
