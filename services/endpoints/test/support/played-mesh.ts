import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IdentityTokens, loadSecrets, pluginToken } from '@plugmesh/shared/identity';

/** The secrets of the mesh that is played. */
export const SECRETS = loadSecrets({ secrets: ['a secret of this test alone'], stateDir: '' });

/** A callout as it arrived. */
export interface SeenCallout {
  readonly plugin: string;
  readonly hook: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a test looks into
  readonly body: any;
  readonly headers: IncomingMessage['headers'];
}

/** What a type plugin answers: status and body; a promise that never ends is one that never answers. */
export type Answer = readonly [status: number, body: unknown];
export type Hook = (callout: SeenCallout) => Answer | Promise<Answer>;

/** Plays the gateway and what is behind it: the keys, `/mesh/endpoint-types`, and the plugins of types. */
export class PlayedMesh {
  readonly callouts: SeenCallout[] = [];
  /** What a plugin answers, by `<plugin>/<hook>`; without one it refuses as a plugin without that route. */
  readonly hooks = new Map<string, Hook>();
  types: readonly object[] = [];
  /** How often the types were asked for. */
  asked = 0;
  /** Away: connections are cut. */
  isAway = false;
  readonly #server: Server;
  readonly #tokens = new IdentityTokens(SECRETS);

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<PlayedMesh> {
    const mesh = new PlayedMesh();
    mesh.#server.listen(0, '127.0.0.1');
    await once(mesh.#server, 'listening');
    return mesh;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Callouts of one hook. */
  seen(hook: string): SeenCallout[] {
    return this.callouts.filter((each) => each.hook === hook);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '', headers } = request;
    if (this.isAway && !url.startsWith('/.well-known/')) {
      request.destroy();
      return;
    }
    const [status, body] = await this.#answerTo(url, headers, request);
    send(response, status, body);
  }

  async #answerTo(url: string, headers: SeenCallout['headers'], request: IncomingMessage): Promise<Answer> {
    if (url === '/.well-known/jwks.json') return [200, this.#tokens.jwks];
    if (headers.authorization !== `Bearer ${pluginToken(SECRETS, 'endpoints')}`)
      return [401, { code: 'MESH_UNAUTHORIZED', detail: 'who is there?' }];
    if (url === '/mesh/endpoint-types') {
      this.asked += 1;
      return [200, { version: 1, types: this.types }];
    }
    const [, plugin = '', hook = ''] = /^\/api\/([\w-]+)\/endpoint\/([\w-]+)$/.exec(url) ?? [];
    const callout = { plugin, hook, headers, body: JSON.parse(await textOf(request)) as unknown };
    this.callouts.push(callout);
    const answer = this.hooks.get(`${plugin}/${hook}`);
    return answer ? answer(callout) : [404, { code: 'MESH_NOT_FOUND', detail: 'nothing is there' }];
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': status < 400 ? 'application/json' : 'application/problem+json',
  });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
