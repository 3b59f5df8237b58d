import { once } from 'node:events';
import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';

/** Kept whole, so that it can be sent to the next when the first does not take it. */
interface WholeRequest {
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
}

/** One address in front of several: each request goes to the next one, as bad as it can be. A WebSocket never opens. */
export class Balancer {
  readonly #origins: readonly string[];
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #swallowed: Duplex[] = [];
  #turn = 0;

  private constructor(origins: readonly string[]) {
    this.#origins = origins;
    this.#server = createServer((incoming, answer) => {
      buffer(incoming).then(
        (body) => this.#pass({ incoming, body }, answer, origins.length),
        () => answer.destroy(),
      );
    });
    this.#server.on('upgrade', (_, stream) => this.#swallowed.push(stream));
  }

  static async start(...origins: readonly string[]): Promise<Balancer> {
    const balancer = new Balancer(origins);
    balancer.#server.listen(0, '127.0.0.1');
    await once(balancer.#server, 'listening');
    return balancer;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    for (const stream of this.#swallowed) stream.destroy();
    this.#agent.destroy();
  }

  /** A request that nobody takes goes to the next; one whose answer breaks off is cut. */
  #pass(whole: WholeRequest, answer: ServerResponse, tries: number): void {
    const { method, headers, url = '/' } = whole.incoming;
    const target = new URL(url, this.#origins[this.#turn++ % this.#origins.length]);
    const outgoing = request(target, { method, headers, agent: this.#agent }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.on('error', () => answer.destroy());
      reply.pipe(answer);
    });
    answer.once('close', () => outgoing.destroy());
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && tries > 1) this.#pass(whole, answer, tries - 1);
      else answer.destroy();
    });
    outgoing.end(whole.body);
  }
}
