import { connect } from 'node:net';

/** One answer on a connection, as a client reads it. */
export interface Answer {
  /** 0: bytes that are no HTTP answer. */
  readonly status: number;
  /** Which of the upstream's requests it answers; undefined: the proxy answered itself. */
  readonly recorded: number | undefined;
  readonly body: string;
}

/** What came back for a stream of bytes. */
export interface Conversation {
  /** In order, without those of class 1xx. */
  readonly answers: readonly Answer[];
  /** The proxy left the connection open for longer than any of its time limits. */
  readonly hung: boolean;
}

const LONGEST_MS = 10_000;

/** Writes all bytes at once and reads until the proxy ends the connection. */
export function converse(port: number, bytes: string): Promise<Conversation> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    const finish = (hung: boolean): void => {
      socket.destroy();
      resolve({ answers: readAnswers(text), hung });
    };
    socket.setEncoding('latin1');
    socket.setTimeout(LONGEST_MS, () => finish(true));
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('end', () => finish(false));
    socket.on('error', () => finish(false));
    socket.write(bytes, 'latin1');
  });
}

function readAnswers(text: string): Answer[] {
  const answers: Answer[] = [];
  for (let rest = text; rest !== '';) {
    const { answer, length } = readAnswer(rest);
    if (answer.status === 0 || answer.status >= 200 || answer.status === 101) answers.push(answer);
    rest = rest.slice(length);
  }
  return answers;
}

function readAnswer(text: string): { answer: Answer; length: number } {
  const [head] = /^HTTP\/1\.1 \d{3}[^]*?\r\n\r\n/.exec(text) ?? [];
  if (head === undefined)
    return { answer: { status: 0, recorded: undefined, body: text }, length: text.length };
  const rest = text.slice(head.length);
  const status = Number(head.slice(9, 12));
  // The answer to a HEAD has a length and no body: what follows it is the next answer.
  const isBodyless = status < 200 || status === 204 || status === 304 || /^(?:HTTP\/1\.1 \d|$)/.test(rest);
  const body = isBodyless ? '' : readBody(head, rest);
  const recorded = /^x-recorded: (\d+)\r$/im.exec(head)?.[1];
  const answer = { status, recorded: recorded === undefined ? undefined : Number(recorded), body };
  return { answer, length: head.length + body.length };
}

function readBody(head: string, rest: string): string {
  const length = /^content-length: (\d+)\r$/im.exec(head)?.[1];
  return length === undefined ? rest : rest.slice(0, Number(length));
}
