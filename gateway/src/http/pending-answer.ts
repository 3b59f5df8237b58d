import { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Goes on once every earlier request that came whole on this connection has its answer: what is written at once would be
 * taken for an answer to one of them.
 */
export function afterEarlierAnswers(socket: Duplex, go: () => void): void {
  const answer = currentAnswer(socket);
  if (answer?.req.complete === true) answer.once('close', () => afterEarlierAnswers(socket, go));
  else go();
}

/** The answer that is being made on this connection; those of pipelined requests wait behind it. */
function currentAnswer(socket: Duplex): ServerResponse | undefined {
  // Node keeps it there; its documentation of 'clientError' relies on it too.
  const { _httpMessage: message } = socket as { _httpMessage?: unknown };
  return message instanceof ServerResponse ? message : undefined;
}
