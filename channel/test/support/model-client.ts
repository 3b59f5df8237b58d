import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Ref } from '@plugmesh/shared/protocol';
import { WebSocket } from 'ws';
import { seen, type Seen, type Sent, type SocketModel } from './protocol-model.ts';

/** Which join_ref a client names: that of its last join, of an earlier one, none, or one that never was. */
export type Which = 'current' | 'stale' | 'null' | 'never';

/** One thing that a client does. */
export interface Step {
  readonly event: string;
  readonly topic: string;
  readonly which: Which;
}

let numbers = 0;

/** A socket and the model of it: what is sent goes to both, and what comes is compared. */
export class ModelClient {
  readonly #webSocket: WebSocket;
  readonly #model: SocketModel;
  readonly #hasNumbers: boolean;
  readonly #frames: (readonly unknown[])[] = [];
  readonly #joins = new Map<string, Ref[]>();
  readonly #checked = new Set<number>();
  #sent: (Sent & { readonly n: number })[] = [];
  #arrived = (): void => undefined;

  private constructor(url: string, model: SocketModel, hasNumbers: boolean) {
    this.#webSocket = new WebSocket(url);
    this.#model = model;
    this.#hasNumbers = hasNumbers;
    this.#webSocket.on('message', (data: Buffer) => {
      this.#frames.push(JSON.parse(data.toString()) as unknown[]);
      this.#arrived();
    });
  }

  /** `hasNumbers`: its references are JSON numbers, not texts. */
  static async open(url: string, model: SocketModel, hasNumbers: boolean): Promise<ModelClient> {
    const client = new ModelClient(url, model, hasNumbers);
    await once(client.#webSocket, 'open');
    return client;
  }

  /** Whether a push is one of those whose answers were checked. */
  isOwn(push: number): boolean {
    return this.#checked.has(push);
  }

  /** Sends without waiting for anything. Every push has a number of its own. */
  send({ event, topic, which }: Step): void {
    const ref = this.#newRef();
    const joins = this.#joins.get(topic) ?? [];
    const joinRef = event === 'phx_join' ? ref : this.#joinRef(joins, which);
    if (event === 'phx_join') this.#joins.set(topic, [...joins, ref]);
    const n = ++numbers;
    this.#webSocket.send(JSON.stringify([joinRef, ref, topic, event, { n }]));
    this.#sent.push({ joinRef, ref, topic, event, n });
  }

  /** Waits for the answers to everything, compares them, and answers the numbers of what should be on the bus. */
  async check(): Promise<number[]> {
    const frames = await this.#framesUntilNow();
    const sent = this.#sent;
    this.#sent = [];
    const expected: Seen[] = [];
    const published: number[] = [];
    for (const [at, message] of sent.entries()) {
      const later = sent.slice(at + 1);
      const answers = this.#model.answers(message, wasCancelled(message, later, frames));
      expected.push(...answers.frames);
      if (answers.isPublished) published.push(message.n);
      this.#checked.add(message.n);
    }
    assert.deepEqual(frames, expected, `after ${JSON.stringify(sent)}`);
    return published;
  }

  /** Compares what has come with the broadcasts that its memberships should have heard. */
  async hears(topics: readonly string[]): Promise<void> {
    const expected = topics.filter((topic) => this.#model.memberships.has(topic));
    assert.deepEqual(
      await this.#framesUntilNow(),
      expected.map((topic) => [null, null, topic, 'tick', '']),
    );
  }

  /** Waits for so many frames. */
  async receives(count: number): Promise<void> {
    while (this.#frames.length < count) await new Promise<void>((resolve) => (this.#arrived = resolve));
  }

  /** Ends the connection, with a goodbye or without. */
  close(how: 'close' | 'cut'): void {
    if (how === 'close') this.#webSocket.close(1000);
    else this.#webSocket.terminate();
  }

  #newRef(): Ref {
    const ref = ++numbers;
    return this.#hasNumbers ? ref : String(ref);
  }

  #joinRef(joins: readonly Ref[], which: Which): Ref {
    if (which === 'null') return null;
    return (which === 'current' ? joins.at(-1) : which === 'stale' ? joins.at(-2) : undefined) ?? 'never';
  }

  /** Everything up to the answer to a heartbeat. */
  async #framesUntilNow(): Promise<Seen[]> {
    const mark = `mark-${++numbers}`;
    this.#webSocket.send(JSON.stringify([null, mark, 'phoenix', 'heartbeat', {}]));
    while (this.#frames.at(-1)?.[1] !== mark) await new Promise<void>((resolve) => (this.#arrived = resolve));
    return this.#frames.splice(0).slice(0, -1).map(seen);
  }
}

/** Whether a leave came so soon that the join was not answered: both are right, and only the server knows. */
function wasCancelled({ event, joinRef, topic, ref }: Sent, later: readonly Sent[], frames: readonly Seen[]) {
  const mayBe =
    event === 'phx_join' &&
    later.some((each) => each.event === 'phx_leave' && each.topic === topic && each.joinRef === joinRef);
  return mayBe && !frames.some((frame) => frame[1] === ref && frame[3] === 'phx_reply');
}
