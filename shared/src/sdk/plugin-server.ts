import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { Router, type Express, type Request, type Response } from 'express';
import { MeshError } from '../errors/index.ts';
import type { Log } from '../log/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { answerErrors, sendProblem } from './problems.ts';

/** How a plugin is, as its health route says. */
export interface PluginHealth {
  readonly state: 'starting' | 'ready' | 'disabled' | 'draining';
  /** Why it is disabled. */
  readonly reason?: string;
}

/** What the server needs to know of the plugin. */
export interface PluginServerOptions {
  readonly manifest: Manifest;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly log: Log;
  readonly health: () => PluginHealth;
  readonly openapi?: Readonly<Record<string, unknown>> | undefined;
}

/** A plugin's HTTP side: health, API description, the author's router, and problem documents for the rest. */
export class PluginServer {
  readonly router: Router = Router();
  readonly #options: PluginServerOptions;
  readonly #server: Server;

  constructor(options: PluginServerOptions) {
    this.#options = options;
    this.#server = createServer(this.#createApp());
  }

  /** Where it listens. */
  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  /** Takes no new connections and waits for the requests in flight. */
  async drain(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    // A connection that becomes idle after its answer would otherwise stay open until its keep-alive ends.
    const sweep = setInterval(() => this.#server.closeIdleConnections(), 50);
    await closed.finally(() => clearInterval(sweep));
  }

  /** Cuts what is left. */
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #createApp(): Express {
    const { manifest, openapi, health, log } = this.#options;
    const app = express();
    app.disable('x-powered-by');
    app.get(manifest.http.health, (_request, response) => answerHealth(health(), response));
    if (openapi && manifest.http.openapi !== false) {
      app.get(manifest.http.openapi, (_request, response) => void response.json(openapi));
    }
    app.use((request, response, next) => {
      const { state, reason } = health();
      // While draining, requests that are already on their way here are still answered.
      if (state === 'ready' || state === 'draining') next();
      else sendProblem(request, response, unavailable(manifest.name, state, reason), manifest.name);
    });
    app.use(this.router);
    app.use((request: Request, response: Response) => {
      const error = new MeshError('MESH_NOT_FOUND', `${request.method} ${request.path} is not here`);
      sendProblem(request, response, error, manifest.name);
    });
    app.use(answerErrors(manifest.name, log));
    return app;
  }
}

function answerHealth(health: PluginHealth, response: Response): void {
  response
    .status(health.state === 'ready' ? 200 : 503)
    .set('Cache-Control', 'no-store')
    .json(health);
}

function unavailable(plugin: string, state: string, reason: string | undefined): MeshError {
  // The reason may name files and addresses: it is for the health route, which the gateway does not pass on.
  const cause = reason === undefined ? undefined : new Error(reason);
  return new MeshError('MESH_PLUGIN_UNAVAILABLE', `'${plugin}' is ${state}`, { cause });
}
