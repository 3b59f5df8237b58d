import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP port in front of another one, whose connections can be made to go silent, or be cut. */
export class TcpRelay {
  readonly #target: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isSilent = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ pauseOnConnect: true }, (client) => this.#relay(client));
  }

  /** Listens on a free port of the loopback interface. */
  static async start(target: number): Promise<TcpRelay> {
    const relay = new TcpRelay(target);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections go through it. */
  get size(): number {
    return this.#pairs.size;
  }

  /** From now on nothing passes in either direction, and nobody is told: neither of these connections nor of new ones. */
  silence(): void {
    this.#isSilent = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Lets go on what was silenced, and new connections pass. */
  resume(): void {
    this.#isSilent = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  /** Cuts every connection. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #relay(client: Socket): void {
    const upstream = connect({ port: this.#target, host: '127.0.0.1' });
    const pair = [client, upstream] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, pair.toReversed() as unknown as typeof pair]) {
      from.setNoDelay(true);
      from.on('error', () => from.destroy());
      from.on('data', (chunk) => to.write(chunk));
      from.on('end', () => to.end());
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#isSilent) for (const socket of pair) socket.pause();
    else client.resume();
  }
}
