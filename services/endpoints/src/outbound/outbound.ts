import { MeshError, type Log } from '@plugmesh/sdk';
import { lookup } from 'node:dns/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { Agents } from './agents.ts';
import type { Handshake, OutboundRequest, OutboundResponse } from './exchange.ts';
import { outboundFailure } from './failures.ts';
import { GuardedLookup, type Resolve } from './guarded-lookup.ts';
import { HandshakeHandler } from './handshake-handler.ts';
import { AllowedNetworks } from './networks.ts';
import { nextRequest } from './redirects.ts';
import { addressBelow, parseAddress, type Target } from './target.ts';

/** What the one client to the outside is given. */
export interface OutboundOptions {
  /** `endpoints.allowed_networks`. */
  readonly allowedNetworks: readonly string[];
  readonly log: Log;
  /** How long an answer's head may take; default 30 s. */
  readonly headMs?: number;
  /** Default: as the system resolves names. */
  readonly resolve?: Resolve;
}

/** How a small answer is asked for. */
export interface FetchOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** For all of it, redirects too; default 10 s. */
  readonly timeoutMs?: number;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
  /** Default: for GET and HEAD. */
  readonly followRedirects?: boolean;
}

/** A small answer, complete. */
export interface OutboundAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Of a kept connection that the other side closes just then. */
const CLOSED: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const MOST_REDIRECTS = 3;
const IDLE_MS = 300_000;
const SMALL = { timeoutMs: 10_000, maxBytes: 1024 * 1024 };

/**
 * The one client through which every byte to an external system goes. What it rejects with is a MeshError: MESH_ENDPOINT_
 * REFUSED, _UNREACHABLE, _TLS or _TIMEOUT, or MESH_BAD_REQUEST for a path that leads out of the target's URL.
 */
export class Outbound {
  readonly #lookup: GuardedLookup;
  readonly #agents: Agents;
  readonly #log: Log;
  readonly #headMs: number;

  constructor({ allowedNetworks, log, headMs = 30_000, resolve = resolveAll }: OutboundOptions) {
    this.#lookup = new GuardedLookup(new AllowedNetworks(allowedNetworks), resolve);
    this.#agents = new Agents(this.#lookup);
    this.#log = log;
    this.#headMs = headMs;
  }

  /** Whether requests may go to a URL, as far as can be said before. */
  async check(url: string): Promise<void> {
    const { hostname } = parseAddress(url);
    await this.#lookup.addressesOf(hostname).catch(this.#fail);
  }

  /** Sends a request. Resolves with the head of the answer, whatever its status; follows nothing. */
  async open(target: Target, request: OutboundRequest): Promise<OutboundResponse> {
    try {
      return await this.#send(target, request);
    } catch (error) {
      if (!isRepeatable(request, error)) return this.#fail(error);
      return await this.#send(target, request).catch(this.#fail);
    }
  }

  /** Asks for a small answer, of one redirect after the other, each checked as the first address. */
  async fetch(target: Target, path: string, options: FetchOptions = {}): Promise<OutboundAnswer> {
    const { timeoutMs, maxBytes } = { ...SMALL, ...options };
    const { method = 'GET', headers = {}, body } = options;
    const follows = options.followRedirects ?? SAFE.has(method);
    const signal = AbortSignal.timeout(timeoutMs);
    const first = { method, path, headers, body: body === undefined ? null : Buffer.from(body), signal };
    let step: { target: Target; request: OutboundRequest } = { target, request: first };
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#read(step.target, step.request, maxBytes);
      const next = follows ? nextRequest(step, answer) : undefined;
      if (!next) return answer;
      if (redirects === MOST_REDIRECTS)
        throw new MeshError('MESH_ENDPOINT_UNREACHABLE', `it redirects more than ${MOST_REDIRECTS} times`);
      step = next;
    }
  }

  /** Makes a WebSocket handshake, whose headers the client's are but for the connection's own. */
  async upgrade(target: Target, request: OutboundRequest): Promise<Handshake> {
    const { origin, path } = addressBelow(target, request.path);
    const signal = request.signal ?? new AbortController().signal;
    const handler = new HandshakeHandler(String(request.headers['sec-websocket-key']), signal);
    const { headers } = request;
    const options = {
      origin,
      path,
      method: 'GET',
      headers,
      upgrade: 'websocket',
      headersTimeout: this.#headMs,
    };
    try {
      this.#agents.agentFor(target).dispatch(options, handler);
      return await handler.answered;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Cuts every connection. */
  stop(): Promise<void> {
    return this.#agents.stop();
  }

  async #send(target: Target, request: OutboundRequest): Promise<OutboundResponse> {
    const { method, headers, body = null, signal, idleMs = IDLE_MS } = request;
    const { origin, path } = addressBelow(target, request.path);
    const answer = await this.#agents.agentFor(target).request({
      origin,
      path,
      method,
      headers: { ...headers },
      body,
      signal: signal ?? null,
      headersTimeout: this.#headMs,
      bodyTimeout: idleMs,
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  }

  async #read(target: Target, request: OutboundRequest, maxBytes: number): Promise<OutboundAnswer> {
    const { status, headers, body } = await this.open(target, request);
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        size += chunk.length;
        // Leaving the loop ends the answer.
        if (size > maxBytes) throw tooLarge(maxBytes);
        chunks.push(chunk);
      }
    } catch (error) {
      return this.#fail(error);
    }
    return { status, headers, body: Buffer.concat(chunks) };
  }

  readonly #fail = (error: unknown): never => {
    const failure = outboundFailure(error);
    this.#log.debug({ code: failure.code, err: error }, failure.message);
    throw failure;
  };
}

function resolveAll(hostname: string): ReturnType<Resolve> {
  return lookup(hostname, { all: true });
}

/** Whether nobody could notice that it was sent twice. */
function isRepeatable({ method, body, signal }: OutboundRequest, error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return SAFE.has(method) && !body && signal?.aborted !== true && CLOSED.has(code);
}

function tooLarge(maxBytes: number): MeshError {
  return new MeshError('MESH_RESPONSE_TOO_LARGE', `its answer is larger than ${maxBytes} bytes`);
}
