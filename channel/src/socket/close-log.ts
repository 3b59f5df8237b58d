import type { Log } from '@plugmesh/shared/log';
import { CLOSE_CODES, type CloseCause } from './close-codes.ts';
import { RateLimit } from './rate-limit.ts';

/** Happen every day, to every client. */
const ORDINARY: ReadonlySet<CloseCause> = new Set<CloseCause>(['drain', 'idle']);
const LINES_PER_SECOND = 10;

/** One line for every close of ours; above ten a second at debug level, so that a flood does not fill the disk. */
export class CloseLog {
  readonly #log: Pick<Log, 'debug' | 'info'>;
  readonly #rate: RateLimit;

  constructor(log: Pick<Log, 'debug' | 'info'>, rate = new RateLimit(LINES_PER_SECOND)) {
    this.#log = log;
    this.#rate = rate;
  }

  write(socket: string, cause: CloseCause): void {
    const { code, reason } = CLOSE_CODES[cause];
    const isQuiet = ORDINARY.has(cause) || this.#rate.take() > 0;
    this.#log[isQuiet ? 'debug' : 'info']({ socket, code }, reason);
  }
}
