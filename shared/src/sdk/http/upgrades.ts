import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MeshError, PROBLEM_TYPE, problemDocument } from '../../errors/index.ts';
import type { Log } from '../../log/index.ts';
import { isServing, type PluginHealth } from './health.ts';
import { asMeshError, unavailable } from './problems.ts';

/**
 * Takes a connection that leaves HTTP; `head` is what has arrived after the request's. What it throws before anything is
 * written is the answer.
 */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void> | void;

/** What connections are taken with. */
export interface UpgradesOptions {
  readonly plugin: string;
  /** What paths begin with, and the handler does not see. */
  readonly prefix: string;
  readonly health: () => PluginHealth;
  readonly log: Log;
}

/** Connections of a plugin that leave HTTP. */
export class Upgrades {
  readonly #server: Server;
  readonly #options: UpgradesOptions;
  readonly #open = new Set<Duplex>();
  #isTaken = false;

  constructor(server: Server, options: UpgradesOptions) {
    this.#server = server;
    this.#options = options;
  }

  /** Throws when there is a handler already. */
  take(handle: UpgradeHandler): void {
    if (this.#isTaken) throw new MeshError('MESH_USAGE', "'upgrade' was called twice; one handler takes all");
    this.#isTaken = true;
    // Only now: without a listener, Node answers such a request as any other.
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Errors of a connection that is gone end nothing but itself.
      socket.on('error', () => socket.destroy());
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
      void this.#handle(handle, request, { socket, head });
    });
  }

  /** Cuts what is open: Node's server forgets connections that it has given away. */
  stop(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async #handle(
    handle: UpgradeHandler,
    request: IncomingMessage,
    { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  ): Promise<void> {
    const { plugin, prefix, health, log } = this.#options;
    const before = written(socket);
    try {
      const now = health();
      if (!isServing(now)) throw unavailable(plugin, now);
      const { url = '/' } = request;
      if (prefix !== '' && url.startsWith(prefix)) request.url = url.slice(prefix.length);
      await handle(request, socket, head);
    } catch (error) {
      const known = asMeshError(error);
      if (known.status >= 500) log.error({ err: error, path: request.url }, 'an upgrade failed');
      // After words of the handler's own, others would be read as more of them.
      if (written(socket) === before) this.#refuse(socket, known, request.headers['x-request-id']);
      else socket.destroy();
    }
  }

  #refuse(socket: Duplex, error: MeshError, requestId: string | string[] | undefined): void {
    const { plugin } = this.#options;
    const body = `${JSON.stringify(problemDocument(error, { plugin, requestId: requestId?.toString() }))}\n`;
    const lines = [
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  }
}

/** Bytes, of earlier requests too. Only a connection that came through no port does not count them. */
function written(socket: Duplex): number {
  return (socket as Partial<Socket>).bytesWritten ?? 0;
}
