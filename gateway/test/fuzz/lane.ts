import { RecordingUpstream, type RecordedRequest } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';
import { converse, type Conversation } from './conversation.ts';
import { startNginx, type Nginx } from './nginx.ts';

/** What one proxy made of a stream: its answers, and what it sent on. */
export interface Reading extends Conversation {
  readonly requests: readonly RecordedRequest[];
  /** What it sent on that is no HTTP. */
  readonly garbage: readonly string[];
}

/** Both proxies, each before a strict upstream of its own; one stream after the other. */
export class Lane {
  readonly #proxies: readonly { readonly port: number; readonly upstream: RecordingUpstream }[];
  readonly #gateway: TestGateway;
  readonly #nginx: Nginx;

  private constructor(
    gateway: TestGateway,
    nginx: Nginx,
    upstreams: readonly [RecordingUpstream, RecordingUpstream],
  ) {
    this.#gateway = gateway;
    this.#nginx = nginx;
    const [ours, theirs] = upstreams;
    this.#proxies = [
      { port: gateway.port, upstream: ours },
      { port: nginx.port, upstream: theirs },
    ];
  }

  static async start(): Promise<Lane> {
    const upstreams = await Promise.all([startUpstream(), startUpstream()] as const);
    const [ours, theirs] = upstreams;
    const gateway = await TestGateway.start({
      plugins: [{ id: 'ships', urls: [ours.url], http: { maxBody: 1000 } }],
      gateway: { limits: { headersTimeoutMs: 300, requestTimeoutMs: 300, idleMs: 1000 } },
    });
    return new Lane(gateway, await startNginx(theirs.port), upstreams);
  }

  /** Sends the bytes to the gateway and to nginx. */
  async read(bytes: string): Promise<readonly [ours: Reading, theirs: Reading]> {
    const [ours, theirs] = await Promise.all(
      this.#proxies.map(async ({ port, upstream }): Promise<Reading> => {
        upstream.requests.length = 0;
        upstream.garbage.length = 0;
        const conversation = await converse(port, bytes);
        return { ...conversation, requests: [...upstream.requests], garbage: [...upstream.garbage] };
      }),
    );
    if (!ours || !theirs) throw new Error('a lane has two proxies');
    return [ours, theirs];
  }

  async stop(): Promise<void> {
    await Promise.all([this.#gateway.stop(), this.#nginx.stop()]);
    await Promise.all(this.#proxies.map(({ upstream }) => upstream.stop()));
  }
}

/** Its answers say which of its requests they answer. */
async function startUpstream(): Promise<RecordingUpstream> {
  const upstream = await RecordingUpstream.start();
  upstream.answer = ({ method }) => {
    const head = `HTTP/1.1 200 OK\r\nX-Recorded: ${upstream.requests.length - 1}\r\nContent-Length: 2\r\n\r\n`;
    return method === 'HEAD' ? head : `${head}ok`;
  };
  return upstream;
}
