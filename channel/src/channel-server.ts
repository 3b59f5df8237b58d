import type { Config } from '@plugmesh/shared/config';
import { IdentityTokens, type Secrets } from '@plugmesh/shared/identity';
import type { Step } from '@plugmesh/shared/lifecycle';
import type { Log } from '@plugmesh/shared/log';
import type { MeshDocumentFollower } from '@plugmesh/shared/redis';
import { serverApi } from './api/server-api.ts';
import { Hub } from './hub.ts';
import { createIdentify } from './identity/identify.ts';
import { LongPoll } from './long-poll/long-poll.ts';
import type { Admission } from './transport/admission.ts';
import { crossOrigin, preflight } from './transport/cross-origin.ts';
import { HttpListener } from './transport/http-listener.ts';
import { httpRoutes, type Answer, type Route, type Routes } from './transport/http-routes.ts';
import { forAdministrators } from './transport/administrators.ts';
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
  readonly #hub: Hub;
  readonly #admission: Admission;
  readonly #longPoll: LongPoll;
  readonly #listener: HttpListener;
  #state: 'starting' | 'ready' | 'draining' = 'starting';

  constructor(options: ChannelServerOptions) {
    const { config, documents, secrets, log } = options;
    this.#options = options;
    this.#hub = new Hub({ config, document: documents.current, secrets, log });
    this.#admission = this.#createAdmission();
    this.#longPoll = new LongPoll({ config, secrets, log, ...this.#admission });
    this.#listener = new HttpListener({
      host: config.channel.host,
      port: config.channel.port,
      drainMs: config.gateway.limits.drainMs,
      queueLimit: config.channel.limits.queue,
      onRequest: httpRoutes(this.#routes(), log),
      upgrades: new Upgrades({ frameLimit: config.channel.limits.frame, ...this.#admission }),
    });
  }

  /** What starts and stops, in order. */
  steps(): readonly Step[] {
    const { config, documents } = this.#options;
    const { access } = this.#hub.services;
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
      ...this.#hub.steps(),
      {
        name: 'long-poll',
        start: () => this.#longPoll.start(),
        drain: () => this.#longPoll.drain(),
        stop: () => this.#longPoll.stop(),
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
    this.#hub.metrics.start();
    this.#state = 'ready';
    this.#options.log.info(`channel listens on ${this.#listener.url}`);
  }

  /** First of all, so that clients who come back are accepted by another process. */
  #drain(): void {
    this.#state = 'draining';
    void this.#listener.drain();
  }

  #createAdmission(): Admission {
    const { config, log, secrets } = this.#options;
    const { origins, limits } = config.channel;
    const { metrics, services } = this.#hub;
    return {
      isOriginAllowed: compileOrigins(origins, { allowLoopback: config.mode === 'development' }),
      identify: createIdentify(new IdentityTokens(secrets), log),
      whyClosed: () => this.#whyClosed(),
      connect: (connection, client) => this.#hub.connect(connection, client),
      disconnect: (socket) => this.#hub.disconnect(socket),
      outbound: {
        turn: new TurnWriter(),
        queueLimit: limits.queue,
        onDrop: (reason) => metrics.countDrop(reason),
      },
      onRefused: ({ code, message }) => {
        metrics.countRefusal(code);
        services.clientLog.refused({ code }, message);
      },
      onBadFrame: ({ name }, code) => {
        metrics.countClose(code);
        log.debug({ socket: name, code }, 'closed for a frame that is not allowed');
      },
    };
  }

  #whyClosed(): string | undefined {
    if (this.#state === 'draining') return 'this process is about to stop';
    const { sockets } = this.#options.config.channel.limits;
    return this.#hub.sockets.size >= sockets ? `this process has its ${sockets} sockets` : undefined;
  }

  #routes(): Routes {
    const { secrets, config, log } = this.#options;
    const { peers, services } = this.#hub;
    const { access, durable } = services;
    const { identify, isOriginAllowed } = this.#admission;
    const ttlMs = config.channel.tokenTtlMs;
    const token = crossOrigin(isOriginAllowed, tokenRoute({ access, identify, secrets, ttlMs }));
    const tokenPreflight = preflight(isOriginAllowed, 'POST, OPTIONS');
    return new Map<string, Route>([
      ...this.#longPoll.routes(),
      ['POST /token', token],
      ['POST /socket/token', token],
      ['OPTIONS /token', tokenPreflight],
      ['OPTIONS /socket/token', tokenPreflight],
      ['GET /healthz', () => ({ status: 200, body: { state: 'live' } })],
      ['GET /readyz', () => this.#readiness()],
      ['GET /metrics', forAdministrators({ secrets, identify, log }, () => this.#metricsText())],
      ...serverApi({
        ...this.#options,
        ...services,
        identify,
        bus: this.#hub,
        history: durable.history,
        peers,
      }),
    ]);
  }

  #readiness(): Answer {
    if (this.#state !== 'ready') return { status: 503, body: { state: this.#state } };
    if (this.#hub.live) return { status: 200, body: { state: 'ready' } };
    return { status: 503, body: { state: 'degraded', reason: 'Redis cannot be reached: joins wait' } };
  }

  async #metricsText(): Promise<Answer> {
    return { status: 200, body: await this.#hub.metrics.text(), type: 'text/plain; version=0.0.4' };
  }
}
