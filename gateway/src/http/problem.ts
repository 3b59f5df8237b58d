import { PROBLEM_TYPE, problemDocument, type MeshError } from '@plugmesh/shared/errors';
import { STATUS_CODES, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { StepAnswer } from '../visit.ts';
import { addForClient, keepVary } from './client-headers.ts';

/** What an answer needs to know besides the error. */
export interface AnswerContext {
  readonly plugin?: string | undefined;
  readonly requestId?: string | undefined;
  /** Development mode: the reason is told. */
  readonly expose?: boolean;
  /** End the connection after the answer. */
  readonly close?: boolean;
  /** What steps say to the client. */
  readonly forClient?: OutgoingHttpHeaders | undefined;
}

/** How long a refused client is listened to, so that its unread bytes do not reset the answer away. */
const LINGER_MS = 1000;

/** Answers a request with a problem document (RFC 9457). Does nothing when an answer has begun. */
export function answerProblem(res: ServerResponse, error: MeshError, context: AnswerContext): void {
  if (res.headersSent || res.destroyed) return;
  const body = problemBody(error, context);
  for (const name of res.getHeaderNames()) if (!KEPT.test(name)) res.removeHeader(name);
  res.statusCode = error.status;
  res.statusMessage = STATUS_CODES[error.status] ?? '';
  const headers = problemHeaders(error, context, body);
  keepVary(res, headers);
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) res.setHeader(name, value);
  res.end(body);
}

/** Gives the client a step's answer. Does nothing when an answer has begun. */
export function giveAnswer(res: ServerResponse, answer: StepAnswer, context: AnswerContext): void {
  if (res.headersSent || res.destroyed) return;
  const headers = answerHeaders(answer, context);
  keepVary(res, headers);
  res.writeHead(answer.status, headers).end(answer.body);
}

/** The same on a bare socket. */
export function giveAnswerOn(socket: Duplex, answer: StepAnswer, context: AnswerContext): void {
  writeAnswer(socket, { ...answer, headers: answerHeaders(answer, { ...context, close: true }) });
}

function answerHeaders({ headers }: StepAnswer, { forClient, close }: AnswerContext): OutgoingHttpHeaders {
  const all = { ...headers };
  addForClient(all, forClient);
  return close === true ? { ...all, connection: 'close' } : all;
}

/** CORS headers stay on errors, or a page could not read them. */
const KEPT = /^(?:access-control-|vary$)/;

/** Answers on a bare socket (upgrades, and requests that Node could not parse) and ends it. */
export function answerProblemOn(socket: Duplex, error: MeshError, context: AnswerContext): void {
  const body = problemBody(error, context);
  const headers = { ...problemHeaders(error, context, body), connection: 'close' };
  writeAnswer(socket, { status: error.status, headers, body: Buffer.from(body) });
}

function writeAnswer(socket: Duplex, { status, headers, body }: StepAnswer): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${name}: ${each}\r\n`),
  );
  const start = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Other'}\r\n`;
  endGently(socket, Buffer.concat([Buffer.from(`${start}${lines.join('')}\r\n`, 'latin1'), body]));
}

/** Writes the last words, reads on for a moment, then releases the socket. */
export function endGently(socket: Duplex, words?: Buffer): void {
  socket.on('error', () => socket.destroy());
  socket.end(words);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('end', () => {
    if (socket.writableFinished) socket.destroy();
    else socket.once('finish', () => socket.destroy());
  });
  socket.once('close', () => clearTimeout(timer));
}

function problemBody(error: MeshError, context: AnswerContext): string {
  return `${JSON.stringify(problemDocument(error, context))}\n`;
}

function problemHeaders(error: MeshError, context: AnswerContext, body: string): OutgoingHttpHeaders {
  const { retryAfter } = error.details;
  const said: OutgoingHttpHeaders = {};
  addForClient(said, context.forClient);
  return {
    ...said,
    'content-type': PROBLEM_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(context.requestId === undefined ? {} : { 'x-request-id': context.requestId }),
    ...(typeof retryAfter === 'number' ? { 'retry-after': String(retryAfter) } : {}),
    ...(error.status === 401 ? { 'www-authenticate': 'Bearer realm="plugmesh"' } : {}),
    ...(context.close === true ? { connection: 'close' } : {}),
  };
}
