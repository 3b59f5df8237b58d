import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MeshError } from '@plugmesh/shared/errors';
import { serializerFor } from '../socket/serializer.ts';
import { closedRefusal, originRefusal, versionRefusal, type Admission } from '../transport/admission.ts';
import { credentialsOf } from '../transport/credentials.ts';
import { crossOrigin, preflight } from '../transport/cross-origin.ts';
import type { Route } from '../transport/http-routes.ts';
import { readBytes } from '../transport/read-body.ts';
import type { LongPolls, PollRequest } from './long-polls.ts';
import { pollAnswer } from './poll-answer.ts';
import { isPollToken, type PollTokens } from './poll-token.ts';

/** What the routes need. */
export interface LongPollRoutesOptions extends Pick<
  Admission,
  'identify' | 'isOriginAllowed' | 'whyClosed' | 'onRefused'
> {
  readonly isDraining: () => boolean;
  readonly node: string;
  readonly tokens: PollTokens;
  readonly polls: Pick<LongPolls, 'open' | 'handle'>;
  /** Asks the process that has the connection; undefined: it is gone. */
  readonly ask: (node: string, request: PollRequest) => Promise<string | undefined>;
  /** Most bytes of a POST. */
  readonly bodyLimit: number;
}

type Answering = (request: IncomingMessage, response: ServerResponse) => Promise<string> | string;

const PATH = '/socket/longpoll';
/** What becomes of a request whose connection nobody has. */
const GONE = { poll: pollAnswer('over'), post: pollAnswer('gone') } as const;

/** The routes of Phoenix' LongPoll transport. Every answer says HTTP 200; how it stands is in its body. */
export class LongPollRoutes {
  readonly #options: LongPollRoutesOptions;

  constructor(options: LongPollRoutesOptions) {
    this.#options = options;
  }

  entries(): [string, Route][] {
    const { isOriginAllowed } = this.#options;
    return [
      [`GET ${PATH}`, this.#route((request, response) => this.#get(request, response))],
      [`POST ${PATH}`, this.#route((request) => this.#post(request))],
      [`OPTIONS ${PATH}`, preflight(isOriginAllowed, 'GET, POST, OPTIONS')],
    ];
  }

  #route(answer: Answering): Route {
    const { isOriginAllowed, isDraining } = this.#options;
    return crossOrigin(isOriginAllowed, async (request, response) => {
      const refusal = originRefusal(request, isOriginAllowed);
      const body = refusal ? this.#refuse(refusal) : await answer(request, response);
      // Of polls that wait too: the client's next request is for another process.
      if (isDraining()) response.shouldKeepAlive = false;
      return { status: 200, body };
    });
  }

  /** A first GET opens a connection, every other one waits for messages. */
  #get(request: IncomingMessage, response: ServerResponse): Promise<string> | string {
    const query = queryOf(request);
    const token = pollTokenOf(query);
    if (token === undefined) return this.#open(request, query);
    const place = this.#options.tokens.verify(token);
    if (!place) return GONE.poll;
    const { node, connection, position } = place;
    const left = new AbortController();
    response.once('close', () => left.abort());
    return this.#hand(node, { kind: 'poll', connection, position }, left.signal);
  }

  async #open(request: IncomingMessage, query: URLSearchParams): Promise<string> {
    const { identify, whyClosed, polls } = this.#options;
    const vsn = query.get('vsn');
    const serializer = serializerFor(vsn, 'poll');
    if (!serializer) return this.#refuse(versionRefusal(vsn));
    const identity = await identify(request);
    const refusal = closedRefusal(whyClosed());
    if (refusal) return this.#refuse(refusal);
    const token = polls.open({ credentials: credentialsOf(request, query), identity, serializer });
    return pollAnswer('gone', { token });
  }

  async #post(request: IncomingMessage): Promise<string> {
    const { tokens, bodyLimit } = this.#options;
    const place = tokens.verify(pollTokenOf(queryOf(request)) ?? '');
    if (!place) return GONE.post;
    const body = await readBytes(request, bodyLimit).catch(noneIfTooLarge);
    if (!body) return pollAnswer('tooLarge');
    if (!isUtf8(body)) return pollAnswer('badRequest');
    const isBatch = /^application\/x-ndjson\b/i.test(request.headers['content-type'] ?? '');
    const { node, connection } = place;
    return this.#hand(node, { kind: 'post', connection, body: body.toString(), isBatch });
  }

  async #hand(node: string, request: PollRequest, left?: AbortSignal): Promise<string> {
    const { node: own, polls, ask } = this.#options;
    if (node === own) return polls.handle(request, left);
    return (await ask(node, request)) ?? GONE[request.kind];
  }

  #refuse(error: MeshError): string {
    this.#options.onRefused(error);
    return pollAnswer(error.code === 'MESH_OVERLOADED' ? 'over' : 'forbidden');
  }
}

function noneIfTooLarge(error: unknown): undefined {
  if (error instanceof MeshError && error.code === 'MESH_BODY_TOO_LARGE') return undefined;
  throw error;
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams(request.url?.split('?')[1]);
}

/** The client appends its token to its own parameters, one of which may be called so too. */
function pollTokenOf(query: URLSearchParams): string | undefined {
  return query.getAll('token').findLast(isPollToken);
}
