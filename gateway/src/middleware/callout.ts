import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { UpstreamInstance } from '../upstream/instance.ts';

/** What middleware is asked: always `GET`, never a body. */
export interface Question {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Time for the whole answer. */
  readonly timeoutMs: number;
  /** Most bytes of the answer's head. */
  readonly maxHead: number;
}

/** What middleware has answered. The body of a 2xx is not read: it says nothing to anybody. */
export interface Answer {
  readonly statusCode: number;
  statusMessage: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Largest body of an answer that a client gets in place of the plugin's. */
const MAX_BODY = 1_048_576;
/** So much of a 2xx's body is read away to keep the connection. */
const MAX_UNREAD = 65_536;

/** One question to one instance. */
export class Callout {
  readonly #instance: UpstreamInstance;
  readonly #question: Question;
  readonly #outcome = Promise.withResolvers<Answer>();
  #timer: NodeJS.Timeout | undefined;
  #request: ClientRequest | undefined;

  constructor(instance: UpstreamInstance, question: Question) {
    this.#instance = instance;
    this.#question = question;
  }

  /** The kept connection that it was sent on had gone stale, perhaps: nothing says that the instance is in trouble. */
  get isStale(): boolean {
    return this.#request?.reusedSocket === true;
  }

  /** Asks. Rejects when no whole answer comes in time, or what comes is not HTTP or too large. */
  ask(): Promise<Answer> {
    const { promise, reject } = this.#outcome;
    const { timeoutMs } = this.#question;
    this.#timer = setTimeout(() => this.#giveUp(`no answer within ${Math.round(timeoutMs)} ms`), timeoutMs);
    try {
      this.#instance.admit(this.#go);
    } catch (error) {
      clearTimeout(this.#timer);
      reject(error);
    }
    return promise;
  }

  readonly #go = (): void => {
    try {
      this.#send();
    } catch (error) {
      clearTimeout(this.#timer);
      this.#instance.release();
      this.#outcome.reject(error);
    }
  };

  #send(): void {
    const { host } = this.#instance;
    const { path, headers, maxHead } = this.#question;
    const sent = this.#instance.request({
      path,
      headers: { ...headers, host },
      maxHeaderSize: maxHead,
    });
    this.#request = sent;
    sent.on('error', this.#outcome.reject);
    sent.once('response', (response) => this.#read(response));
    // A change of protocol that nobody asked for; 'close' follows.
    sent.once('upgrade', (_response, socket) => socket.destroy());
    sent.once('close', () => {
      clearTimeout(this.#timer);
      this.#instance.release();
      this.#outcome.reject(new Error('the connection closed without a whole answer'));
    });
    sent.end();
  }

  #read(response: IncomingMessage): void {
    const { statusCode = 0, headers } = response;
    const { resolve, reject } = this.#outcome;
    response.on('error', reject);
    if (statusCode < 200 || statusCode > 599) {
      this.#giveUp(`its status is ${statusCode}`);
      return;
    }
    const goesOn = statusCode < 300;
    const chunks: Buffer[] = [];
    let left = goesOn ? MAX_UNREAD : MAX_BODY;
    response.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) this.#giveUp(`its answer is larger than ${MAX_BODY} bytes`);
      else if (!goesOn) chunks.push(chunk);
    });
    const answer = (): void =>
      resolve({ statusCode, statusMessage: '', headers, body: Buffer.concat(chunks) });
    if (goesOn) answer();
    else response.once('end', answer);
  }

  #giveUp(why: string): void {
    const error = new Error(why);
    this.#outcome.reject(error);
    if (this.#request) this.#request.destroy(error);
    else this.#instance.withdraw(this.#go);
  }
}
