import { connect } from 'node:net';

/** What came back on a bare socket. */
export interface RawAnswer {
  readonly text: string;
  /** Status codes of all answers on the connection, in order; 100 included. */
  readonly statuses: readonly number[];
  /** The last answer's status. */
  readonly status: number;
  readonly body: string;
  /** Whether the gateway ended the connection. */
  readonly closed: boolean;
}

/** Writes bytes and reads until the connection ends or has been quiet for a moment after a whole answer. */
export function rawRequest(
  port: number,
  bytes: string | readonly string[],
  quietMs = 150,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    let timer: NodeJS.Timeout | undefined;
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...readAnswer(text), closed });
    };
    socket.setEncoding('latin1');
    socket.setTimeout(10_000, () => reject(new Error(`no answer to ${JSON.stringify(bytes).slice(0, 200)}`)));
    socket.on('data', (chunk: string) => {
      text += chunk;
      clearTimeout(timer);
      timer = setTimeout(() => finish(false), quietMs);
    });
    socket.on('end', () => finish(true));
    socket.on('error', () => finish(true));
    for (const part of typeof bytes === 'string' ? [bytes] : bytes) socket.write(part, 'latin1');
  });
}

function readAnswer(text: string): Omit<RawAnswer, 'closed'> {
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code));
  const [, body = ''] = /\r\n\r\n((?!HTTP\/1)[\s\S]*)$/.exec(text) ?? [];
  return { text, statuses, status: statuses.at(-1) ?? 0, body };
}
