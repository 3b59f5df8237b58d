import { accessKeyOf, apiKeyKey, sessionKey, type AccessChange } from '@plugmesh/shared/access';
import type { Identity, UserIdentity } from '@plugmesh/shared/identity';

/** What stays open for long: the socket of a WebSocket, or an answer that is a stream of events. */
export interface Stream {
  readonly destroyed: boolean;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

interface Followed {
  readonly user: UserIdentity;
  readonly streams: Set<Stream>;
}

/**
 * The open streams of sessions and API keys, to be ended with them. A change ends them even where the user stays the
 * same: whoever still may comes back and passes the guard once more.
 */
export class CallerStreams {
  readonly #ended: (users: readonly UserIdentity[]) => Promise<UserIdentity[]>;
  /** By the Redis key of what they were opened with. */
  readonly #followed = new Map<string, Followed>();

  /** `ended`: which of these came with what is no longer what it was; rejects when that cannot be told. */
  constructor(ended: (users: readonly UserIdentity[]) => Promise<UserIdentity[]>) {
    this.#ended = ended;
  }

  /** Follows what a user opened, or a plugin for a user, from now on until it closes. */
  follow(identity: Identity, stream: Stream): void {
    const user = identity.kind === 'plugin' ? identity.actingFor : identity;
    if (user?.kind !== 'user' || stream.destroyed) return;
    const key = accessKeyOf(user);
    if (key === undefined) return;
    const followed = this.#followed.get(key) ?? { user, streams: new Set() };
    this.#followed.set(key, followed);
    followed.streams.add(stream);
    stream.once('close', () => {
      followed.streams.delete(stream);
      if (followed.streams.size === 0 && this.#followed.get(key) === followed) this.#followed.delete(key);
    });
    // It may have ended between the guard and now, when nobody followed it yet.
    void this.#endWhatEnded([user]);
  }

  /** Ends the streams of what has changed. */
  end({ sessions = [], keys = [], users = [] }: AccessChange): void {
    for (const hash of sessions) this.#endOf(sessionKey(hash));
    for (const prefix of keys) this.#endOf(apiKeyKey(prefix));
    if (users.length === 0) return;
    for (const [key, { user }] of this.#followed) if (users.includes(user.id)) this.#endOf(key);
  }

  /** Ends the streams of sessions and keys that ended or changed without a word: their time was up, or we did not hear it. */
  async sweep(): Promise<void> {
    if (this.#followed.size > 0)
      await this.#endWhatEnded(Array.from(this.#followed.values(), ({ user }) => user));
  }

  async #endWhatEnded(users: readonly UserIdentity[]): Promise<void> {
    try {
      for (const user of await this.#ended(users)) this.#endOf(accessKeyOf(user) ?? '');
    } catch {
      // Redis is away: nobody can be logged out meanwhile, and the next sweep looks again.
    }
  }

  /** At once and from both sides: what is still on its way was sent by nobody any more. */
  #endOf(key: string): void {
    for (const stream of this.#followed.get(key)?.streams ?? []) stream.destroy();
  }
}
