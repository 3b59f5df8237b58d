import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { drainServer } from '../../lifecycle/index.ts';

/** Requests in flight may take so long: hooks and what else ends have to come to their end within the mesh's five seconds. */
const DRAIN_MS = 2500;

/** Where a plugin listens; port 0 is any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The server of a plugin as something that starts, drains and stops. */
export class HttpSide {
  readonly #server: Server;
  readonly #address: ListenAddress | undefined;

  /** Without an address it never listens, and serves what `connect` hands it. */
  constructor(server: Server, address: ListenAddress | undefined) {
    this.#server = server;
    this.#address = address;
  }

  /** Where it listens. */
  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  async start(): Promise<void> {
    if (!this.#address) return;
    this.#server.listen(this.#address.port, this.#address.host);
    await once(this.#server, 'listening');
  }

  /** Serves one connection that did not come through a port. */
  connect(connection: Duplex): void {
    this.#server.emit('connection', connection);
  }

  /** Takes no new connections and waits for the requests in flight; those that take too long, and streams, are cut. */
  drain(): Promise<void> {
    return drainServer(this.#server, DRAIN_MS);
  }

  /** Cuts what is left. */
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
