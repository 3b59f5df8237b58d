import { refOf, type Appearance, type PresenceNotice } from './presence-notice.ts';
import type { PresenceStore, StoredMembers } from './presence-store.ts';

/** What the members of other processes are told to. */
export interface OtherNodesOptions {
  readonly store: Pick<PresenceStore, 'nodes' | 'load' | 'forget'>;
  readonly node: string;
  /** How long a process may be silent before it counts as dead. */
  readonly silentMs: number;
  readonly onJoin: (appearance: Appearance) => void;
  readonly onLeave: (appearance: Appearance) => void;
}

interface OtherNode {
  readonly members: Map<string, Appearance>;
  /** Number of the last write that is in `members`. */
  seq: number;
  heardAt: number;
  /** What comes while the members are read from Redis. */
  waiting: PresenceNotice[] | undefined;
}

/** The members of all other processes, kept up by their notices; a number that is missed is made up from Redis. */
export class OtherNodes {
  readonly #options: OtherNodesOptions;
  readonly #nodes = new Map<string, OtherNode>();

  constructor(options: OtherNodesOptions) {
    this.#options = options;
  }

  /** Takes what another process says. */
  hear(notice: PresenceNotice): void {
    if (notice.kind === 'end') this.#drop(notice.node);
    else if (notice.seq > 0) {
      const node = this.#nodeOf(notice.node, 0);
      node.heardAt = performance.now();
      this.#take(notice, node);
    }
  }

  /** Reads what all of them have in Redis: at the start, and after notices may have been missed. */
  async resynchronise(): Promise<void> {
    const names = await this.#options.store.nodes();
    const others = names.filter((name) => name !== this.#options.node);
    await Promise.all(others.map((name) => this.#load(name, this.#nodeOf(name, this.#options.silentMs))));
  }

  /** Lets go of every process that was silent for too long. */
  expire(): void {
    const deadline = performance.now() - this.#options.silentMs;
    for (const [name, { heardAt }] of this.#nodes) {
      if (heardAt > deadline) continue;
      this.#drop(name);
      this.#options.store.forget(name).catch(() => undefined);
    }
  }

  #nodeOf(name: string, agoMs: number): OtherNode {
    const known = this.#nodes.get(name);
    if (known) return known;
    const heardAt = performance.now() - agoMs;
    const node: OtherNode = { members: new Map(), seq: 0, heardAt, waiting: undefined };
    this.#nodes.set(name, node);
    return node;
  }

  #drop(name: string): void {
    const members = this.#nodes.get(name)?.members ?? new Map<string, Appearance>();
    this.#nodes.delete(name);
    for (const member of members.values()) this.#options.onLeave(member);
  }

  #take(notice: PresenceNotice, node: OtherNode): void {
    if (node.waiting) node.waiting.push(notice);
    else if (notice.kind === 'change' && notice.seq === node.seq + 1) this.#apply(notice, node);
    else if (notice.seq > node.seq) void this.#load(notice.node, node);
  }

  #apply({ seq, joins = [], leaves = [] }: PresenceNotice, node: OtherNode): void {
    node.seq = seq;
    for (const ref of leaves) this.#leave(node, ref);
    for (const member of joins) this.#join(node, member);
  }

  async #load(name: string, node: OtherNode): Promise<void> {
    if (node.waiting) return;
    node.waiting = [];
    const { store } = this.#options;
    // When Redis goes away in between, the next notice shows what is missing.
    const stored = await store.load(name).catch(() => undefined);
    const { waiting } = node;
    node.waiting = undefined;
    // It may have ended, or its lease, while we read.
    if (this.#nodes.get(name) !== node) return;
    if (stored) this.#replace(node, stored);
    for (const notice of waiting) this.#take(notice, node);
  }

  #replace(node: OtherNode, { seq, members, leftMs }: StoredMembers): void {
    node.heardAt = Math.max(node.heardAt, performance.now() - this.#options.silentMs + leftMs);
    if (seq < node.seq) return;
    node.seq = seq;
    const refs = new Set(members.map(refOf));
    for (const ref of node.members.keys()) if (!refs.has(ref)) this.#leave(node, ref);
    for (const member of members) this.#join(node, member);
  }

  #join(node: OtherNode, member: Appearance): void {
    if (node.members.has(refOf(member))) return;
    node.members.set(refOf(member), member);
    this.#options.onJoin(member);
  }

  #leave(node: OtherNode, ref: string): void {
    const member = node.members.get(ref);
    if (!member) return;
    node.members.delete(ref);
    this.#options.onLeave(member);
  }
}
