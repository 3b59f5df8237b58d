import { MeshError, type Log } from '@plugmesh/sdk';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { OutboundResponse } from '../outbound/exchange.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Target } from '../outbound/target.ts';
import type { Pass } from './passes.ts';
import { takeBody, type RequestBody } from './request-body.ts';
import { requestHeaders } from './request-headers.ts';
import type { ProxiedPath } from './proxied-path.ts';
import { responseHeaders } from './response-headers.ts';

/** A request that is passed on. */
export interface Errand extends ProxiedPath {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What a browser would do with an answer that makes it code of the page, not data. */
const RUN: ReadonlySet<unknown> = new Set([
  ...['script', 'style', 'worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet'],
  ...['json', 'manifest', 'xslt'],
]);

const REFUSED_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE']);

/** Carries requests to external systems and their answers back, without keeping more than a small body. */
export class Carrier {
  readonly #outbound: Outbound;
  readonly #log: Log;

  constructor(outbound: Outbound, log: Log) {
    this.#outbound = outbound;
    this.#log = log;
  }

  /** Rejects before the head of the answer is written; what goes wrong later cuts the connection. */
  async carry(errand: Errand, pass: Pass): Promise<void> {
    const { response } = errand;
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the client has gone')));
    try {
      const { end } = pass;
      await this.#carry(errand, pass, end ? AbortSignal.any([gone.signal, end]) : gone.signal);
    } catch (error) {
      // Nobody waits for an answer, and it is nobody's fault.
      if (!gone.signal.aborted) throw error;
      this.#log.debug({ err: error }, 'the client has gone');
    }
  }

  async #carry(errand: Errand, pass: Pass, signal: AbortSignal): Promise<void> {
    const { request, response } = errand;
    refuseRunning(request);
    const body = await takeBody(request);
    const { answer, target } = await this.#ask(errand, pass, { body, signal });
    writeHead(response, answer, responseHeaders(answer, target, errand));
    await pipeline(answer.body, response).catch((error: unknown) => {
      this.#log.debug({ err: error }, 'an answer has ended before its end');
    });
  }

  async #ask(errand: Errand, pass: Pass, how: How): Promise<Answered> {
    const answer = await this.#send(errand, pass, how);
    if (answer.status !== 401) return { answer, target: pass.target };
    const other = await pass.again().catch((error: unknown) => {
      giveUp(answer);
      throw error;
    });
    // A body that has gone is for the client to send again: the credential is now there.
    if (!other || !how.body.isKept) return { answer, target: pass.target };
    giveUp(answer);
    return { answer: await this.#send(errand, other, how), target: other.target };
  }

  #send({ request, path }: Errand, { target, headers }: Pass, how: How): Promise<OutboundResponse> {
    const { method = 'GET' } = request;
    const { content, length } = how.body;
    const isEndless = /text\/event-stream/i.test(request.headers.accept ?? '');
    const sent = {
      ...requestHeaders(request.headers, headers),
      ...(length !== undefined && { 'content-length': length }),
    };
    const idle = isEndless ? { idleMs: 0 } : {};
    return this.#outbound.open(target, {
      method,
      path,
      headers: sent,
      body: content,
      signal: how.signal,
      ...idle,
    });
  }
}

interface How {
  readonly body: RequestBody;
  readonly signal: AbortSignal;
}

interface Answered {
  readonly answer: OutboundResponse;
  readonly target: Target;
}

/** An answer of TRACE would show the credential; what a page runs is its own. */
function refuseRunning({ method = '', headers }: IncomingMessage): void {
  if (REFUSED_METHODS.has(method))
    throw new MeshError('MESH_METHOD_NOT_ALLOWED', `${method} is not passed on`);
  if (RUN.has(headers['sec-fetch-dest']))
    throw new MeshError('MESH_FORBIDDEN', 'pages do not run what an external system answers');
}

function writeHead(response: ServerResponse, answer: OutboundResponse, headers: OutgoingHttpHeaders): void {
  try {
    response.writeHead(answer.status, headers);
  } catch (cause) {
    giveUp(answer);
    throw new MeshError('MESH_ENDPOINT_UNREACHABLE', 'it answers something that is not HTTP', { cause });
  }
  // Who waits for events hears that they begin before the first one. `flushHeaders` would write other bytes than these.
  response.write('', 'latin1');
}

/** Its connection is closed, whatever is still to come on it. */
function giveUp({ body }: OutboundResponse): void {
  body.on('error', () => undefined).destroy();
}
