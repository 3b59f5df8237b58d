import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IdentityTokens, loadSecrets, type Identity } from '@plugmesh/shared/identity';

/** What a plugin of an endpoint type is asked. */
export interface Callout {
  readonly hook: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** What stands behind `reach`. */
  readonly url?: string;
  /** What `reach` sends along. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Who asks; default the plugin `endpoints` for the user Ada. */
  readonly as?: Identity;
}

const ADA = { kind: 'user', id: 'u-ada', name: 'Ada', roles: [], guards: ['session'] } as const;
const ENDPOINTS: Identity = { kind: 'plugin', id: 'endpoints', actingFor: ADA };
export const TOKEN = 'packages.token';

/** Plays the gateway and `endpoints`: signs who asks, makes callouts, and passes on what `reach` asks for. */
export class Endpoints {
  readonly #tokens = new IdentityTokens(
    loadSecrets({ secrets: [randomBytes(32).toString('hex')], stateDir: '' }),
  );
  readonly #reached = new Map<string, Callout>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #plugin: () => string;

  /** `plugin`: where the plugin listens. */
  constructor(plugin: () => string) {
    this.#plugin = plugin;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** What the plugin is given as `PLUGMESH_URL`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Makes a callout; its `reach` ends with it. */
  async ask(callout: Callout): Promise<{ status: number; body: Record<string, unknown> }> {
    const { hook, as = ENDPOINTS } = callout;
    const id = randomBytes(8).toString('hex');
    this.#reached.set(id, callout);
    const identity =
      as.kind === 'anonymous' ? {} : { 'x-plugmesh-identity': await this.#tokens.sign(as, 'packages') };
    const response = await fetch(`${this.#plugin()}/endpoint/${hook}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...identity },
      body: JSON.stringify({ reach: `/v1/reach/${id}`, ...callout.body }),
    });
    this.#reached.delete(id);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '', headers } = request;
    if (url === '/.well-known/jwks.json') {
      response.end(JSON.stringify(this.#tokens.jwks));
      return;
    }
    const [, id = '', path = ''] = /^\/api\/endpoints\/v1\/reach\/(\w+)(\/.*)$/.exec(url) ?? [];
    const reached = this.#reached.get(id);
    const isThePlugin = headers.authorization === `Bearer ${TOKEN}` && headers.via === undefined;
    if (!reached || !isThePlugin) response.writeHead(403).end();
    else await pass(reached, path, request, response);
  }
}

async function pass(
  { url = '', headers = {} }: Callout,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { accept = '', 'content-type': type = '' } = request.headers;
  try {
    const answer = await fetch(url + path, {
      method: request.method ?? 'GET',
      headers: { accept, 'content-type': type, ...headers },
      body: body === '' ? null : body,
      redirect: 'manual',
    });
    const told = Object.fromEntries(
      [...answer.headers].filter(([name]) => !/^(content-length|connection)/.test(name)),
    );
    response.writeHead(answer.status, told).end(await answer.text());
  } catch {
    const problem = { status: 502, code: 'MESH_ENDPOINT_UNREACHABLE', detail: 'nobody answers' };
    response.writeHead(502, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  }
}
