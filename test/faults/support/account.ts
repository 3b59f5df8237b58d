import { DURABLE_TOPICS, PLAIN_TOPICS, type Page } from './page.ts';
import type { Publisher } from './publisher.ts';

/** What became of the events of one kind of topic, all its topics and clients together. */
export interface Account {
  readonly sent: number;
  readonly acknowledged: number;
  /** Deliveries to clients. */
  readonly seen: number;
  readonly twice: number;
  readonly outOfOrder: number;
  /** Acknowledged, and not seen by a client that should have: of all clients, and of the one that lost most. */
  readonly lost: number;
  readonly lostByOne: number;
  /** From the end of the fault until every client had an event that was published after it. */
  readonly secondsToRecover: number | null;
}

/** Settles one kind of topic. */
export function account(
  topics: readonly string[],
  pages: readonly Page[],
  publisher: Publisher,
): Omit<Account, 'secondsToRecover'> {
  const total = { sent: 0, acknowledged: 0, seen: 0, twice: 0, outOfOrder: 0, lost: 0, lostByOne: 0 };
  for (const topic of topics) {
    const { sent, acknowledged } = publisher.of(topic);
    total.sent += sent;
    total.acknowledged += acknowledged.size;
    for (const page of pages) {
      const tally = page.tally(topic);
      const counts = Array.from({ length: sent }, (_, at) => tally.count(at + 1));
      const lost = [...acknowledged].filter((n) => tally.count(n) === 0).length;
      total.seen += tally.seen;
      total.twice += counts.filter((count) => count > 1).length;
      total.outOfOrder += tally.outOfOrder;
      total.lost += lost;
      total.lostByOne = Math.max(total.lostByOne, lost);
    }
  }
  return total;
}

export const KINDS = { plain: PLAIN_TOPICS, durable: DURABLE_TOPICS } as const;
export type Kind = keyof typeof KINDS;
