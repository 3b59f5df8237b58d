import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { MeshError, PROBLEM_TYPE, problemDocument } from '../errors/index.ts';
import {
  bearerToken,
  IdentityTokens,
  loadSecrets,
  type Secrets,
  type UserIdentity,
  verifyPluginToken,
} from '../identity/index.ts';

/** What an instance has said to the registry. */
export interface RegistryCall {
  readonly method: string;
  readonly plugin: string;
  readonly instance: string;
  /** Whether it came with the plugin's own token. */
  readonly isItsOwn: boolean;
  readonly body: string;
}

/** An identity token, and why it should count or not. */
export interface TriedTokens {
  readonly valid: string;
  /** Signed by nobody that the mesh knows. */
  readonly forged: string;
  /** Meant for another plugin. */
  readonly misaddressed: string;
}

const SOMEBODY: UserIdentity = {
  kind: 'user',
  id: 'check',
  name: 'check',
  roles: ['admin'],
  guards: ['key', 'session', 'admin'],
};

/** What a plugin sees of a mesh at PLUGMESH_URL: keys for identity tokens, the registry, and problem documents. */
export class StandInMesh {
  readonly calls: RegistryCall[] = [];
  readonly #secrets: Secrets;
  readonly #tokens: IdentityTokens;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
    this.#tokens = new IdentityTokens(secrets);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Tokens of a user who may do everything. */
  async tokens(plugin: string): Promise<TriedTokens> {
    const stranger = new IdentityTokens(
      loadSecrets({ secrets: ['of a mesh that is not this one'], stateDir: '' }),
    );
    return {
      valid: await this.#tokens.sign(SOMEBODY, plugin),
      forged: await stranger.sign(SOMEBODY, plugin),
      misaddressed: await this.#tokens.sign(SOMEBODY, `${plugin}-no-more`),
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '/', headers } = request;
    const body = await textOf(request);
    const { pathname } = new URL(url, 'http://mesh');
    const [, plugin, instance] = /^\/mesh\/registry\/([^/]+)\/([^/]+)$/.exec(pathname) ?? [];
    if (pathname === '/.well-known/jwks.json')
      send(response, 200, this.#tokens.jwks, 'application/jwk-set+json');
    else if (plugin === undefined || instance === undefined) sendProblem(response, notHere(pathname));
    else this.#register(response, { method, plugin, instance, isItsOwn: this.#isOf(plugin, headers), body });
  }

  #register(response: ServerResponse, call: RegistryCall): void {
    const { plugin, instance, isItsOwn } = call;
    this.calls.push(call);
    if (isItsOwn) send(response, 200, { plugin, instance, expiresInMs: 15_000, version: 1 });
    else sendProblem(response, new MeshError('MESH_UNAUTHORIZED', `this is not the token of '${plugin}'`));
  }

  #isOf(plugin: string, { authorization }: IncomingHttpHeaders): boolean {
    return verifyPluginToken(this.#secrets, bearerToken(authorization) ?? '') === plugin;
  }
}

function notHere(path: string): MeshError {
  return new MeshError('MESH_NOT_FOUND', `'${path}' is not served while a plugin is checked`);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    // It has gone in the middle of its request.
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: object, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

function sendProblem(response: ServerResponse, error: MeshError): void {
  send(response, error.status, problemDocument(error), PROBLEM_TYPE);
}
