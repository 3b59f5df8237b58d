import { randomBytes } from 'node:crypto';
import type { Config } from '@plugmesh/shared/config';
import type { Secrets } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { Admission } from '../transport/admission.ts';
import type { Route } from '../transport/http-routes.ts';
import { LongPollRoutes } from './long-poll-routes.ts';
import { LongPolls, type PollRequest } from './long-polls.ts';
import { pollAnswer } from './poll-answer.ts';
import { PollTokens } from './poll-token.ts';
import { Relay } from './relay.ts';

/** What long-poll is made from. */
export interface LongPollParts extends Admission {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly log: Log;
}

/** Longer than a poll takes in the process that has the connection, shorter than the 20 s of the official client. */
const RELAY_MARGIN_MS = 2500;

/** The transport for clients without WebSocket: Phoenix' LongPoll. */
export class LongPoll {
  readonly #parts: LongPollParts;
  /** Names this process in tokens, which clients see: it says nothing of where the process runs. */
  readonly #node = randomBytes(9).toString('base64url');
  readonly #tokens: PollTokens;
  readonly #polls: LongPolls;
  readonly #relay: Relay | undefined;
  #isDraining = false;

  constructor(parts: LongPollParts) {
    const { config, secrets, log } = parts;
    const { pollMs: windowMs, idleMs, frame: frameLimit, sockets: limit } = config.channel.limits;
    const [node, patienceMs] = [this.#node, windowMs + RELAY_MARGIN_MS];
    this.#parts = parts;
    this.#tokens = new PollTokens(secrets);
    this.#polls = new LongPolls({ ...parts, node, tokens: this.#tokens, windowMs, frameLimit, idleMs });
    if (config.redisUrl === undefined) return;
    const handle = this.#polls.handle.bind(this.#polls);
    this.#relay = new Relay({ redisUrl: config.redisUrl, secrets, log, node, patienceMs, limit, handle });
  }

  async start(): Promise<void> {
    this.#polls.start();
    await this.#relay?.start();
  }

  /** Clients whose connections other processes have poll again, and not through us. */
  drain(): void {
    this.#isDraining = true;
    this.#relay?.releasePolls();
  }

  async stop(): Promise<void> {
    this.#polls.stop();
    await this.#relay?.stop();
  }

  routes(): [string, Route][] {
    const { queue, frame } = this.#parts.config.channel.limits;
    return new LongPollRoutes({
      ...this.#parts,
      isDraining: () => this.#isDraining,
      node: this.#node,
      tokens: this.#tokens,
      polls: this.#polls,
      ask: (node, request) => this.#ask(node, request),
      // What may wait of one socket; a binary frame is a third longer in base64.
      bodyLimit: Math.max(queue, 2 * frame),
    }).entries();
  }

  async #ask(node: string, request: PollRequest): Promise<string | undefined> {
    if (request.kind === 'post') return this.#relay?.ask(node, request);
    const text = this.#isDraining ? undefined : await this.#relay?.ask(node, request);
    const onward = this.#isDraining ? { token: this.#tokens.sign({ node, ...request }) } : undefined;
    return text ?? (onward && pollAnswer('nothing', onward));
  }
}
