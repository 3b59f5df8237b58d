import cluster from 'node:cluster';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MeshError } from '@plugmesh/shared/errors';
import { drainServer } from '@plugmesh/shared/lifecycle';
import type { Upgrades } from './upgrades.ts';

/** Where to listen, and what answers. */
export interface HttpListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly onRequest: RequestListener;
  /** Most bytes that wait for one client: a stream keeps a quarter of it at most. */
  readonly queueLimit: number;
  readonly upgrades: Pick<Upgrades, 'handle'>;
  /** How long open connections may take to end. */
  readonly drainMs: number;
}

/** A burst that the kernel does not take at once waits in the stream, in shared bytes; what comes behind can be dropped. */
const BURST = 131_072;

/**
 * Processes of a cluster accept for themselves where the kernel can share a port among them: a connection that the cluster
 * module was handing to a process that is killed stays open and silent, this one is reset and made again.
 */
const SHARES_PORT = cluster.isWorker && process.platform === 'linux';

/** The HTTP server of a channel process. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #server: Server;
  #closed: Promise<void> | undefined;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    const highWaterMark = Math.min(BURST, Math.ceil(options.queueLimit / 4));
    this.#server = createServer(
      { headersTimeout: 10_000, requestTimeout: 30_000, highWaterMark },
      options.onRequest,
    );
    this.#server.on('upgrade', (request, stream, head) => options.upgrades.handle(request, stream, head));
  }

  /** Origin that it listens at. */
  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#server.once('error', reject);
    this.#server.listen({ host, port, backlog: 4096, reusePort: SHARES_PORT }, () => resolve(undefined));
    await promise.catch((cause: unknown) => {
      if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
      throw new MeshError('MESH_PORT_TAKEN', `port ${port} on ${host} is in use`, {
        cause,
        fix: 'end what listens there, or set channel.port in plugmesh.toml',
      });
    });
  }

  /**
   * Accepts no more connections. Resolves when all are closed, those of sockets included, or when the time is over: sockets
   * are ended by their own. Safe to call twice.
   */
  drain(): Promise<void> {
    this.#closed ??= drainServer(this.#server, this.#options.drainMs);
    return this.#closed;
  }
}
