import { PROBLEM_TYPE, problemDocument, type MeshError } from '@plugmesh/shared/errors';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** What an answer needs to know besides the error. */
export interface AnswerContext {
  readonly plugin?: string | undefined;
  readonly requestId?: string | undefined;
  /** Development mode: the reason is told. */
  readonly expose?: boolean;
  /** End the connection after the answer. */
  readonly close?: boolean;
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
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.end(body);
}

/** CORS headers stay on errors, or a page could not read them. */
const KEPT = /^(?:access-control-|vary$)/;

/** Answers on a bare socket (upgrades, and requests that Node could not parse) and ends it. */
export function answerProblemOn(socket: Duplex, error: MeshError, context: AnswerContext): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = problemBody(error, context);
  const headers = { ...problemHeaders(error, context, body), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const start = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}\r\n`;
  endGently(socket, `${start}${lines.join('')}\r\n${body}`);
}

/** Writes the last words, reads on for a moment, then releases the socket. */
export function endGently(socket: Duplex, words?: string): void {
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

function problemHeaders(error: MeshError, context: AnswerContext, body: string): Record<string, string> {
  const { retryAfter } = error.details;
  return {
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
