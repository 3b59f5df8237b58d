import type { ErrorCode } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import { CLOSE_CODES, type CloseCause } from './close-codes.ts';
import { RateLimit } from './rate-limit.ts';

/** What is said of a refusal; of a connection that is refused, only the code. */
export interface RefusalFacts {
  readonly code: ErrorCode;
  readonly socket?: string;
  readonly topic?: string;
  readonly event?: string;
}

/** Happen every day, to every client. */
const ORDINARY: ReadonlySet<CloseCause> = new Set<CloseCause>(['drain', 'idle']);
const LINES_PER_SECOND = 10;
/** A name that is refused may be as long as a frame. */
const NAME_LENGTH = 255;

/** A line for every refusal and close of ours; above ten a second at debug level, so that a flood does not fill the disk. */
export class ClientLog {
  readonly #log: Pick<Log, 'debug' | 'info'>;
  readonly #rate: RateLimit;

  constructor(log: Pick<Log, 'debug' | 'info'>, rate = new RateLimit(LINES_PER_SECOND)) {
    this.#log = log;
    this.#rate = rate;
  }

  closed(socket: string, cause: CloseCause): void {
    const { code, reason } = CLOSE_CODES[cause];
    this.#write({ socket, code }, reason, ORDINARY.has(cause));
  }

  refused({ code, socket, topic, event }: RefusalFacts, reason: string): void {
    const [shortTopic, shortEvent] = [topic?.slice(0, NAME_LENGTH), event?.slice(0, NAME_LENGTH)];
    this.#write({ code, socket, topic: shortTopic, event: shortEvent }, `refused: ${reason}`);
  }

  #write(facts: Readonly<Record<string, unknown>>, text: string, isQuiet = false): void {
    this.#log[isQuiet || this.#rate.take() > 0 ? 'debug' : 'info'](facts, text);
  }
}
