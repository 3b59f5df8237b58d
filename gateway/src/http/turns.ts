import { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** So many requests of one connection may wait for the answer to an earlier one. */
const LONGEST_LINE = 256;

/** Answers of one connection that wait for an earlier one. */
interface Line {
  waiting: number;
  last: ServerResponse;
  beforeLast: ServerResponse;
}

/**
 * Gives the requests of a connection their turns, as RFC 9112 § 9.3.2 wants it for those that change something: one after
 * the other. So nothing is done that an earlier answer, which ends the connection, would leave without an answer.
 */
export class Turns {
  readonly #lines = new WeakMap<Duplex, Line>();

  /** Goes on when all earlier requests of the connection are answered, usually at once. */
  take(socket: Duplex, res: ServerResponse, go: () => void): void {
    const current = currentAnswer(socket);
    if (!current || current === res) {
      go();
      return;
    }
    const line = this.#lines.get(socket) ?? { waiting: 0, last: current, beforeLast: current };
    this.#lines.set(socket, line);
    line.beforeLast = line.last;
    line.last = res;
    line.waiting += 1;
    if (line.waiting > LONGEST_LINE) {
      socket.destroy();
      return;
    }
    line.beforeLast.once('close', () => {
      line.waiting -= 1;
      if (line.waiting === 0) this.#lines.delete(socket);
      if (socket.writable) go();
    });
  }

  /** Goes on when every request is answered that came whole: for what comes behind them and is no request. */
  afterAll(socket: Duplex, go: () => void): void {
    const line = this.#lines.get(socket);
    const last = line?.last ?? currentAnswer(socket);
    const earlier = last?.req.complete === false ? line?.beforeLast : last;
    if (earlier) earlier.once('close', go);
    else go();
  }
}

/** The answer that is being made on this connection; those of pipelined requests wait behind it. */
function currentAnswer(socket: Duplex): ServerResponse | undefined {
  // Node keeps it there; its documentation of 'clientError' relies on it too.
  const { _httpMessage: message } = socket as { _httpMessage?: unknown };
  return message instanceof ServerResponse ? message : undefined;
}
