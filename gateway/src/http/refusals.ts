import { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Route } from '../routes/route.ts';
import type { StepAnswer, Visit } from '../visit.ts';
import { breaksFraming } from './hygiene.ts';
import { answerProblem, answerProblemOn, giveAnswer, giveAnswerOn } from './problem.ts';

/** A request with the id that its answer names, and what steps have found out about it. */
export type NamedRequest = IncomingMessage & {
  readonly requestId: string;
  readonly visit?: Visit | undefined;
};

/** What refusals need to know. */
export interface RefusalParts {
  readonly log: Log;
  count(code: string): void;
  /** Development mode: causes are told. */
  isExposed(): boolean;
}

/** A refused client may finish sending this much, so that it reads the answer; then the connection is cut. */
const DRAIN_LIMIT = 16 * 1024 * 1024;

/** Turns errors into answers, counts them, and leaves the connection in a known state. */
export class Refusals {
  readonly #parts: RefusalParts;
  readonly #ended = new WeakSet<Duplex>();

  constructor(parts: RefusalParts) {
    this.#parts = parts;
  }

  answer(req: NamedRequest, res: ServerResponse, cause: unknown, route?: Route): void {
    const error = this.#meshError(cause, req);
    const close = this.#isLast(req, breaksFraming(error));
    answerProblem(res, error, { ...this.#context(req, route), close });
    if (!req.complete) drainBody(req);
  }

  /** The same for a page or probe, whose answer has the request's id on it already. */
  answerPage(req: IncomingMessage, res: ServerResponse, cause: unknown): void {
    this.answer(Object.assign(req, { requestId: String(res.getHeader('x-request-id')) }), res, cause);
  }

  /** Gives a step's answer, which is none of our refusals: it is not counted. */
  give(req: NamedRequest, res: ServerResponse, answer: StepAnswer): void {
    giveAnswer(res, answer, { ...this.#context(req), close: this.#isLast(req) });
    if (!req.complete) drainBody(req);
  }

  /** Whether our last word on this connection is said: what a client has sent behind it is not served. */
  hasEnded(socket: Duplex): boolean {
    return this.#ended.has(socket);
  }

  /** The same on the bare socket of a handshake. */
  answerOn(req: NamedRequest, socket: Duplex, cause: unknown, route?: Route): void {
    answerProblemOn(socket, this.#meshError(cause, req), this.#context(req, route));
  }

  /** The same on the bare socket of a handshake. */
  giveOn(req: NamedRequest, socket: Duplex, answer: StepAnswer): void {
    giveAnswerOn(socket, answer, this.#context(req));
  }

  #context({ requestId, visit }: NamedRequest, route?: Route) {
    return { plugin: route?.id, requestId, expose: this.#parts.isExposed(), forClient: visit?.forClient };
  }

  /** Without "100 Continue" nobody knows whether the body follows. */
  #isLast(req: NamedRequest, isBroken = false): boolean {
    const isLast = isBroken || (req.headers.expect !== undefined && !req.complete);
    if (isLast) this.#ended.add(req.socket);
    return isLast;
  }

  #meshError(cause: unknown, req: NamedRequest): MeshError {
    const known = cause instanceof MeshError;
    if (!known)
      this.#parts.log.error({ err: cause, requestId: req.requestId }, 'the gateway failed on a request');
    const error = known
      ? cause
      : new MeshError('MESH_INTERNAL', 'the gateway failed on this request', { cause });
    this.#parts.count(error.code);
    return error;
  }
}

function drainBody(req: IncomingMessage): void {
  let left = DRAIN_LIMIT;
  req.unpipe();
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) req.socket.destroy();
  });
  req.resume();
}
