import type { Config } from '@plugmesh/shared/config';
import {
  bearerToken,
  IdentityTokens,
  operatorToken,
  verifyOperatorToken,
  verifyPluginToken,
  type Secrets,
} from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { MeshDocument, MiddlewareRule } from '@plugmesh/shared/mesh-document';
import { Dispatcher } from './dispatcher.ts';
import type { Access } from './access/access.ts';
import { ConfiguredKeys } from './access/configured-keys.ts';
import { createCredentialsStep } from './access/credentials.ts';
import { createGuardStep } from './access/guard.ts';
import { isInCharge } from './access/in-charge.ts';
import { CorsPolicy } from './http/cors.ts';
import { PeerBook } from './http/forwarded.ts';
import { Refusals } from './http/refusals.ts';
import { GatewayServer } from './http/server.ts';
import { IdentitySteps } from './identity/identity-steps.ts';
import { Metrics } from './own/metrics.ts';
import { createChain, type ChainParts } from './middleware/chain.ts';
import { LoadShedder } from './load-shedder.ts';
import { createOwnRoots } from './own/own-roots.ts';
import { Forwarder } from './proxy/forwarder.ts';
import { Proxy } from './proxy/proxy.ts';
import { Upgrader } from './proxy/upgrader.ts';
import type { Rates } from './rates/rates.ts';
import { refuseClosed, refuseInvalid } from './routes/closed-routes.ts';
import { compileTable } from './routes/compile-table.ts';
import { RouteTable } from './routes/route-table.ts';
import { HealthChecks, type HealthRules } from './upstream/health-checks.ts';
import { Pools } from './upstream/pools.ts';
import { Reporter } from './upstream/reporter.ts';
import type { Step } from './visit.ts';

/** Where the gateway learns what the mesh is made of. */
export interface DocumentSource {
  readonly current: MeshDocument;
  /** Whether changes reach us. */
  readonly connected: boolean;
  onChange(listener: (document: MeshDocument) => void): () => void;
}

/** What a gateway is made of. */
export interface GatewayParts {
  readonly config: Config;
  readonly log: Log;
  readonly secrets: Secrets;
  readonly documents: DocumentSource;
  /** What is known of sessions and keys; it is started and stopped by others. */
  readonly access: Access;
  /** It is started and stopped by others. */
  readonly rates: Rates;
  readonly healthRules?: HealthRules;
}

/** One gateway process: the public door of the mesh. Holds nothing that another process would need. */
export class Gateway {
  readonly #parts: GatewayParts;
  readonly #metrics: Metrics;
  readonly #pools: Pools;
  readonly #checks: HealthChecks;
  readonly #shedder: LoadShedder;
  readonly #reporter: Reporter;
  readonly #upgrader: Upgrader;
  readonly #server: GatewayServer;
  readonly #tokens: IdentityTokens;
  readonly #identity: IdentitySteps;
  #table = new RouteTable([]);
  #steps: readonly Step[] = [];
  #unfollow: (() => void) | undefined;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    const { config, log, secrets } = parts;
    this.#tokens = new IdentityTokens(secrets);
    this.#identity = new IdentitySteps(this.#tokens);
    this.#shedder = new LoadShedder(config.gateway.limits.eventLoopDelayMs);
    this.#metrics = new Metrics({
      pools: () => this.#pools.readings(),
      shedShare: () => this.#shedder.share,
    });
    this.#pools = new Pools(config.gateway.limits, (id) => this.#metrics.poolMeter(id));
    this.#reporter = new Reporter({
      control: () => parts.documents.current.control.url,
      operatorToken: operatorToken(parts.secrets),
      instances: () => this.#pools.reports(),
      log,
    });
    const refusals = this.#createRefusals();
    const { forwarder, upgrader } = this.#createProxy(refusals);
    this.#upgrader = upgrader;
    this.#checks = new HealthChecks(log, parts.healthRules, (instance) => forwarder.abandon(instance));
    this.#server = new GatewayServer(serverOptions(config), this.#createDispatcher(refusals, forwarder));
  }

  get port(): number {
    return this.#server.port;
  }

  /** Takes over the current document, follows its changes, and listens. */
  async start(): Promise<void> {
    const { documents } = this.#parts;
    this.#metrics.start();
    this.#apply(documents.current);
    this.#unfollow = documents.onChange((document) => this.#apply(document));
    await this.#server.start();
    // Last: a start that fails for its port must leave no timer behind.
    this.#checks.start();
    this.#shedder.start();
    this.#reporter.start();
  }

  /** Takes no new connections, lets requests finish, ends WebSockets so that their clients move to another process. */
  async drain(): Promise<void> {
    const { drainMs } = this.#parts.config.gateway.limits;
    // The port first, so that clients who come back are accepted by another process.
    await Promise.all([this.#server.drain(), this.#upgrader.drain(drainMs / 2)]);
  }

  async stop(): Promise<void> {
    this.#unfollow?.();
    this.#checks.stop();
    this.#shedder.stop();
    this.#reporter.stop();
    await this.drain();
    this.#pools.stop();
  }

  /** Requests under way keep their route and instance; new ones see the new table, whole. */
  #apply(document: MeshDocument): void {
    const checked = this.#pools.update(document);
    this.#table = compileTable(document, {
      cors: this.#parts.config.gateway.cors,
      metrics: this.#metrics,
      accounts: this.#parts.config.gateway.accounts,
      pool: (id) => this.#pools.get(id),
    });
    this.#steps = this.#stepsFor(document);
    this.#checks.watch(checked);
    this.#parts.log.debug(
      { version: document.version, plugins: document.plugins.length },
      'mesh document applied',
    );
  }

  /** What visits have to pass, in order. */
  #stepsFor(document: MeshDocument): Step[] {
    const { access, rates, config, secrets } = this.#parts;
    const { apiKey, apiKeyInQuery, cors } = config.gateway;
    const keys = new ConfiguredKeys(apiKey, document);
    const chain = (phase: MiddlewareRule['phase']): Step | undefined =>
      createChain(
        document.middleware.filter((rule) => rule.phase === phase),
        this.#chainParts(),
      );
    const steps = [
      this.#shedder.check,
      rates.countAddress,
      createCredentialsStep({ secrets, keys, inQuery: apiKeyInQuery }),
      chain('public'),
      refuseInvalid,
      createGuardStep({ access, cors: new CorsPolicy(cors) }),
      rates.countIdentity,
      this.#identity.actFor,
      refuseClosed,
      chain('session'),
      this.#identity.tell,
    ];
    return steps.filter((step) => step !== undefined);
  }

  #chainParts(): ChainParts {
    const { config, log, secrets } = this.#parts;
    const { middlewareMs, headers } = config.gateway.limits;
    return {
      log,
      metrics: this.#metrics,
      routes: this.#table.routes,
      budgetMs: middlewareMs,
      maxHead: headers,
      tellsTiming: config.mode === 'development',
      isMeshToken: (authorization) =>
        isPluginToken(secrets, authorization) ||
        verifyOperatorToken(secrets, bearerToken(authorization) ?? ''),
      identityHeaders: (identity, plugin) => this.#identity.headersFor(identity, plugin),
    };
  }

  #createRefusals(): Refusals {
    return new Refusals({
      log: this.#parts.log,
      count: (code) => this.#metrics.refused(code),
      isExposed: () => this.#parts.config.mode === 'development',
    });
  }

  #createProxy(refusals: Refusals): { forwarder: Forwarder; upgrader: Upgrader } {
    const { log } = this.#parts;
    const forwarder: Forwarder = new Forwarder({
      log,
      proxy: () => proxy,
      refuse: (req, res, error, route) => refusals.answer(req, res, error, route),
      follow: (identity, res) => this.#parts.access.follow(identity, res),
      isDraining: () => this.#server.draining,
    });
    const upgrader: Upgrader = new Upgrader({
      log,
      sockets: this.#metrics.sockets,
      proxy: () => proxy,
      refuse: (req, socket, error, route) => refusals.answerOn(req, socket, error, route),
    });
    const proxy = new Proxy(forwarder, upgrader, log);
    return { forwarder, upgrader };
  }

  #createDispatcher(refusals: Refusals, forwarder: Forwarder): Dispatcher {
    const { config, secrets } = this.#parts;
    const peers = new PeerBook(config.gateway.trustedProxies);
    return new Dispatcher({
      rules: {
        ...config.gateway.limits,
        hosts: new Set(config.gateway.hosts.map((host) => host.toLowerCase())),
      },
      peers,
      forwarder,
      upgrader: this.#upgrader,
      refusals,
      table: () => this.#table,
      steps: () => this.#steps,
      serveOwn: createOwnRoots({
        metrics: this.#metrics,
        jwks: this.#tokens.jwks,
        isDraining: () => this.#server.draining,
        isConnected: () => this.#parts.documents.connected,
        isInCharge: ({ headers, socket }) =>
          isInCharge(headers, peers.origin(peers.of(socket), headers).proto, this.#parts),
        fail: (req, res, error) => {
          // Express types the request as Node's own; the id is on the answer already.
          const requestId = String(res.getHeader('x-request-id'));
          refusals.answer(Object.assign(req, { requestId }), res, error);
        },
      }),
      follow: (identity, socket) => this.#parts.access.follow(identity, socket),
      isPluginToken: (authorization) => isPluginToken(secrets, authorization),
    });
  }
}

function serverOptions({ gateway: { host, port, limits } }: Config) {
  // Node's own limit comes first and answers without looking: it is the sum of ours and a line's rest.
  return { host, port, maxHead: limits.url + limits.headers + 1024, ...limits };
}

function isPluginToken(secrets: Secrets, authorization: string): boolean {
  return verifyPluginToken(secrets, bearerToken(authorization) ?? '') !== undefined;
}
