import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  createServer as createNetServer,
  type AddressInfo,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import type { Certificate } from './certificates.ts';

/** A server of a test, and how often it was connected to. */
export class ExternalSystem {
  readonly server: Server | NetServer;
  readonly #scheme: string;
  readonly #sockets = new Set<Socket>();
  connections = 0;

  private constructor(server: Server | NetServer, scheme = 'http') {
    this.server = server;
    this.#scheme = scheme;
    server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static http(handle: RequestListener): Promise<ExternalSystem> {
    return new ExternalSystem(createServer(handle)).#listen();
  }

  static https(certificate: Certificate, handle: RequestListener): Promise<ExternalSystem> {
    return new ExternalSystem(createTlsServer(certificate, handle), 'https').#listen();
  }

  /** One that speaks what it likes. */
  static raw(handle: (socket: Socket) => void): Promise<ExternalSystem> {
    const server = createNetServer((socket) => {
      socket.on('error', () => socket.destroy());
      handle(socket);
    });
    return new ExternalSystem(server).#listen();
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  stop(): void {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }
}
