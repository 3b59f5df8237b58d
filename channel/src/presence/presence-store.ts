import { PRESENCE_NODE, PRESENCE_NODES, PRESENCE_NOTICE } from '@plugmesh/shared/protocol';
import type { RedisConnection } from '@plugmesh/shared/redis';
import { parseAppearance, refOf, type Appearance, type PresenceNotice } from './presence-notice.ts';

/** Changes of a process's own members, under the next number. */
export interface MemberChanges {
  readonly seq: number;
  readonly joins: readonly Appearance[];
  readonly leaves: readonly string[];
  /** How many members there are afterwards. */
  readonly size: number;
}

/** The members of a process as Redis has them. */
export interface StoredMembers {
  readonly seq: number;
  readonly members: readonly Appearance[];
  /** How long its lease still runs. */
  readonly leftMs: number;
}

/** Field of a process's hash that holds the number of its last write; a reference never looks like this. */
const SEQ = '#';
const FIELDS_PER_COMMAND = 500;

type Transaction = ReturnType<RedisConnection['multi']>;

/**
 * Members in Redis: one hash per channel process, which is gone when its lease is over. Each write changes the hash,
 * renews the lease and tells the other processes in one transaction, so that what was told and what is kept agree.
 */
export class PresenceStore {
  readonly #connection: RedisConnection;
  readonly #node: string;
  readonly #silentMs: number;

  constructor(connection: RedisConnection, { node, silentMs }: { node: string; silentMs: number }) {
    this.#connection = connection;
    this.#node = node;
    this.#silentMs = silentMs;
  }

  /** Writes changes. Resolves to whether Redis now has as many members as there should be. */
  async change({ seq, joins, leaves, size }: MemberChanges): Promise<boolean> {
    const transaction = this.#connection.multi();
    if (leaves.length > 0) transaction.hdel(this.#key, ...leaves);
    this.#write(transaction, seq, joins);
    transaction.hlen(this.#key);
    const results = await this.#commit(transaction, { seq, kind: 'change', joins, leaves });
    return results.includes(size + 1);
  }

  /** Writes all members anew, whatever Redis had of them. */
  async replace(seq: number, members: readonly Appearance[]): Promise<void> {
    const transaction = this.#connection.multi().del(this.#key);
    this.#write(transaction, seq, members);
    await this.#commit(transaction, { seq, kind: 'replace' });
  }

  /** Renews the lease. Resolves to whether Redis still has the last write and all members. */
  async renew(seq: number, size: number): Promise<boolean> {
    const transaction = this.#connection.multi();
    if (seq > 0) transaction.hget(this.#key, SEQ).hlen(this.#key);
    const results = await this.#commit(transaction, { seq, kind: 'renew' });
    return seq === 0 || (results[0] === String(seq) && results[1] === size + 1);
  }

  /** Takes every member out. */
  async end(seq: number): Promise<void> {
    const transaction = this.#connection.multi().del(this.#key).srem(PRESENCE_NODES, this.#node);
    await this.#publish(transaction, { seq, kind: 'end' });
  }

  /** The processes that have members, ourselves included. */
  nodes(): Promise<string[]> {
    return this.#connection.smembers(PRESENCE_NODES);
  }

  /** The members of one process, or undefined when it has no lease. */
  async load(node: string): Promise<StoredMembers | undefined> {
    const key = PRESENCE_NODE + node;
    const [seq, texts, leftMs] = await exec(this.#connection.multi().hget(key, SEQ).hvals(key).pttl(key));
    if (typeof seq !== 'string') return undefined;
    const members = (texts as string[]).map(parseAppearance).filter((each) => each !== undefined);
    return { seq: Number(seq), members, leftMs: Number(leftMs) };
  }

  /** Forgets a process whose lease is over. */
  async forget(node: string): Promise<void> {
    await this.#connection.srem(PRESENCE_NODES, node);
  }

  get #key(): string {
    return PRESENCE_NODE + this.#node;
  }

  #write(transaction: Transaction, seq: number, joins: readonly Appearance[]): void {
    transaction.hset(this.#key, SEQ, String(seq));
    for (let start = 0; start < joins.length; start += FIELDS_PER_COMMAND) {
      const some = joins.slice(start, start + FIELDS_PER_COMMAND);
      transaction.hset(this.#key, ...some.flatMap((each) => [refOf(each), JSON.stringify(each)]));
    }
  }

  #commit(transaction: Transaction, notice: Omit<PresenceNotice, 'node'>): Promise<unknown[]> {
    // A process that never had a member keeps no key.
    if (notice.seq > 0) {
      transaction.pexpire(this.#key, this.#silentMs);
      transaction.sadd(PRESENCE_NODES, this.#node).pexpire(PRESENCE_NODES, this.#silentMs);
    }
    return this.#publish(transaction, notice);
  }

  #publish(transaction: Transaction, notice: Omit<PresenceNotice, 'node'>): Promise<unknown[]> {
    return exec(transaction.publish(PRESENCE_NOTICE, JSON.stringify({ node: this.#node, ...notice })));
  }
}

/** The results of a transaction; rejects when one of its commands failed. */
async function exec(transaction: Transaction): Promise<unknown[]> {
  const results = (await transaction.exec()) ?? [];
  const failure = results.find(([error]) => error)?.[0];
  if (failure) throw failure;
  return results.map(([, result]) => result);
}
