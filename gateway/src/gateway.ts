import type { Config } from '@plugmesh/shared/config';
import { IdentityTokens, operatorToken, type Secrets } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { MeshDocument } from '@plugmesh/shared/mesh-document';
import type { IncomingMessage } from 'node:http';
import { Dispatcher } from './dispatcher.ts';
import type { Access } from './access/access.ts';
import { isInCharge } from './access/in-charge.ts';
import { ApiDocs } from './docs/api-docs.ts';
import { PeerBook, type Origin } from './http/forwarded.ts';
import { Refusals } from './http/refusals.ts';
import { GatewayServer } from './http/server.ts';
import { IdentitySteps } from './identity/identity-steps.ts';
import { Metrics } from './own/metrics.ts';
import { LoadShedder } from './load-shedder.ts';
import { createOwnRoots } from './own/own-roots.ts';
import { createProxy } from './proxy/create-proxy.ts';
import type { Forwarder } from './proxy/forwarder.ts';
import type { Upgrader } from './proxy/upgrader.ts';
import type { Rates } from './rates/rates.ts';
import { compileTable } from './routes/compile-table.ts';
import { RouteTable } from './routes/route-table.ts';
import { createSteps, isPluginToken } from './steps.ts';
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
  readonly #peers: PeerBook;
  readonly #docs: ApiDocs;
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
    this.#peers = new PeerBook(config.gateway.trustedProxies);
    this.#docs = this.#createDocs();
    const refusals = this.#createRefusals();
    const { forwarder, upgrader } = createProxy({
      log,
      refusals,
      sockets: this.#metrics.sockets,
      follow: (identity, res) => parts.access.follow(identity, res),
      isDraining: () => this.#server.draining,
    });
    this.#upgrader = upgrader;
    this.#checks = new HealthChecks(log, parts.healthRules, (instance) => forwarder.abandon(instance));
    this.#server = GatewayServer.of(config, this.#createDispatcher(refusals, forwarder));
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
    this.#docs.stop();
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
    this.#steps = createSteps(document, {
      ...this.#parts,
      metrics: this.#metrics,
      shedder: this.#shedder,
      identity: this.#identity,
      routes: this.#table.routes,
    });
    this.#checks.watch(checked);
    this.#parts.log.debug(
      { version: document.version, plugins: document.plugins.length },
      'mesh document applied',
    );
  }

  #createRefusals(): Refusals {
    return new Refusals({
      log: this.#parts.log,
      count: (code) => this.#metrics.refused(code),
      isExposed: () => this.#parts.config.mode === 'development',
    });
  }

  #createDocs(): ApiDocs {
    const { config, documents } = this.#parts;
    return new ApiDocs({
      ...this.#parts,
      mode: config.mode,
      apiKey: config.gateway.apiKey,
      document: () => documents.current,
      pick: (plugin) => this.#pools.get(plugin).pick(),
      originOf: (req) => this.#originOf(req),
    });
  }

  #originOf({ socket, headers }: IncomingMessage): Origin {
    return this.#peers.origin(this.#peers.of(socket), headers);
  }

  #createDispatcher(refusals: Refusals, forwarder: Forwarder): Dispatcher {
    const { config, secrets } = this.#parts;
    return new Dispatcher({
      rules: {
        ...config.gateway.limits,
        hosts: new Set(config.gateway.hosts.map((host) => host.toLowerCase())),
      },
      peers: this.#peers,
      forwarder,
      upgrader: this.#upgrader,
      refusals,
      table: () => this.#table,
      steps: () => this.#steps,
      serveOwn: createOwnRoots({
        docs: this.#docs.routes(),
        metrics: this.#metrics,
        jwks: this.#tokens.jwks,
        isDraining: () => this.#server.draining,
        isConnected: () => this.#parts.documents.connected,
        isInCharge: (req) => isInCharge(req.headers, this.#originOf(req).proto, this.#parts),
        fail: (req, res, error) => refusals.answerPage(req, res, error),
      }),
      follow: (identity, socket) => this.#parts.access.follow(identity, socket),
      isPluginToken: (authorization) => isPluginToken(secrets, authorization),
    });
  }
}
