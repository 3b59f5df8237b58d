import type { Membership } from './membership.ts';

const SWEEP_MS = 1000;

/** Memberships whose token ends some time, by the second in which it does: one timer for all of them. */
export class Expiries {
  readonly #seconds = new Map<number, Set<Membership>>();
  #sweep: NodeJS.Timeout | undefined;

  /** Sets when a membership ends, in milliseconds since 1970, or that it does not. */
  set(membership: Membership, expiresAt: number | undefined): void {
    this.remove(membership);
    membership.expiresAt = expiresAt;
    if (expiresAt === undefined) return;
    const second = Math.ceil(expiresAt / 1000);
    const due = this.#seconds.get(second) ?? new Set<Membership>();
    this.#seconds.set(second, due.add(membership));
  }

  remove(membership: Membership): void {
    const { expiresAt } = membership;
    if (expiresAt === undefined) return;
    const second = Math.ceil(expiresAt / 1000);
    const due = this.#seconds.get(second);
    due?.delete(membership);
    if (due?.size === 0) this.#seconds.delete(second);
  }

  start(): void {
    this.#sweep ??= setInterval(() => this.#endDue(), SWEEP_MS).unref();
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #endDue(): void {
    const now = Date.now() / 1000;
    for (const [second, due] of this.#seconds) {
      if (second <= now) for (const membership of due) expire(membership);
    }
  }
}

/**
 * A token of the join payload: the client joins again and shows a newer one. That of the connection can only be replaced
 * by another connection.
 */
function expire(membership: Membership): void {
  const { socket, topic, joinRef, tokenFrom } = membership;
  if (tokenFrom === 'connection') {
    socket.close('token');
    return;
  }
  socket.detach(membership);
  socket.end(topic, joinRef, 'phx_error');
}
