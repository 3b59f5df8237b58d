import { mac, isMac, type Secrets } from '@plugmesh/shared/identity';

/** What a long-poll token says: which process has which connection, and how many of its messages the client has. */
export interface PollPlace {
  readonly node: string;
  readonly connection: string;
  readonly position: number;
}

/** Much longer than a connection lives that nobody polls, and short against the life of a log file. */
const TTL_SECONDS = 3600;
/** So that it is never taken for the client's own `token`, which comes by the same parameter. */
const PREFIX = 'poll.';

/** Whether this is a token of ours, good or not. */
export function isPollToken(text: string): boolean {
  return text.startsWith(PREFIX);
}

/**
 * Signs and verifies `poll.<node>.<connection>.<position>.<end>.<mac>`. Every answer carries a new one and the client
 * sends the newest that it has: so its next request says what it has got.
 */
export class PollTokens {
  readonly #secrets: Secrets;
  readonly #now: () => number;

  /** `now` answers in milliseconds since 1970. */
  constructor(secrets: Secrets, now: () => number = Date.now) {
    this.#secrets = secrets;
    this.#now = now;
  }

  sign({ node, connection, position }: PollPlace): string {
    const end = Math.floor(this.#now() / 1000) + TTL_SECONDS;
    const text = `${PREFIX}${node}.${connection}.${position}.${end}`;
    return `${text}.${mac(this.#secrets[0].longPoll, text)}`;
  }

  /** What a token says; undefined when it is not ours or too old. */
  verify(token: string): PollPlace | undefined {
    const dot = token.lastIndexOf('.');
    const [text, signature] = [token.slice(0, dot), token.slice(dot + 1)];
    const keys = this.#secrets.map(({ longPoll }) => longPoll);
    if (!isPollToken(token) || !isMac(keys, text, signature)) return undefined;
    const [, node = '', connection = '', position, end] = text.split('.');
    return Number(end) * 1000 > this.#now() ? { node, connection, position: Number(position) } : undefined;
  }
}
