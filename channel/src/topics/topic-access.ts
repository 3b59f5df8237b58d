import type { ErrorCode } from '@plugmesh/shared/errors';
import { verifyChannelToken, type Secrets } from '@plugmesh/shared/identity';
import {
  matchTopic,
  wildcardPart,
  type MeshDocument,
  type TopicAccess as Access,
  type TopicMatcher,
  type TopicRule,
} from '@plugmesh/shared/mesh-document';

/** Why somebody may not; goes to the client as it is. */
export interface Refusal {
  readonly reason: string;
  readonly code: ErrorCode;
  readonly [detail: string]: unknown;
}

/** Allowed, as whom and by which rule; or not. */
export type Verdict =
  | {
      readonly ok: true;
      readonly id: string;
      readonly rule: TopicRule;
      readonly token?: TokenUse | undefined;
    }
  | { readonly ok: false; readonly refusal: Refusal };

/** The token that counted: how long it is good (milliseconds since 1970), and where it came from. */
export interface TokenUse {
  readonly expiresAt: number;
  readonly from: 'join' | 'connection';
}

/** What a client shows when it joins. */
export interface JoinCredentials {
  /** `token` of the join payload: it must be valid. */
  readonly joinToken: string | undefined;
  /** Token of the connection: counts where it is valid, it may be meant for another topic. */
  readonly socketToken: string | undefined;
  /** The id that the client has without a token. */
  readonly ownId: string;
}

/** What topic rules come from. */
export interface TopicAccessOptions {
  readonly document: MeshDocument;
  readonly secrets: Secrets;
  readonly undeclaredTopics: 'none' | 'public';
}

/** Who a client is in a topic, and by which token. */
interface Identified {
  readonly id: string;
  readonly token?: TokenUse;
}

type Check = (isOwner: boolean) => Refusal | undefined;

// Until there are accounts nobody is signed in: these guards are closed, not open.
const SIGN_IN: Refusal = { reason: 'a signed-in user is needed', code: 'MESH_UNAUTHORIZED' };
const OWNER: Refusal = { reason: 'this topic belongs to another client', code: 'MESH_FORBIDDEN' };
const OTHER_CLIENT: Refusal = { reason: 'the token is for another client', code: 'MESH_FORBIDDEN' };
const NOBODY: Refusal = { reason: 'nobody may do this', code: 'MESH_FORBIDDEN' };

const CHECKS: Readonly<Record<Access, Check>> = {
  public: () => undefined,
  session: () => SIGN_IN,
  admin: () => ({ ...SIGN_IN, reason: 'a signed-in administrator is needed' }),
  owner: (isOwner) => (isOwner ? undefined : OWNER),
  none: () => NOBODY,
};

/** Topic of heartbeats; belongs to the protocol. */
const PROTOCOL_TOPIC = 'phoenix';

/** Who may join a topic and push to it, by the rules of the mesh document. */
export class TopicAccess {
  readonly #secrets: Secrets;
  readonly #undeclared: 'none' | 'public';
  #match: TopicMatcher;

  constructor({ document, secrets, undeclaredTopics }: TopicAccessOptions) {
    this.#secrets = secrets;
    this.#undeclared = undeclaredTopics;
    this.#match = matchTopic(document.topics);
  }

  /** Swaps the rules; memberships stay, their next push is checked by the new ones. */
  useDocument(document: MeshDocument): void {
    this.#match = matchTopic(document.topics);
  }

  rule(topic: string): TopicRule | undefined {
    if (topic === PROTOCOL_TOPIC) return undefined;
    return this.#match(topic) ?? (this.#undeclared === 'public' ? undeclaredRule(topic) : undefined);
  }

  async join(topic: string, credentials: JoinCredentials): Promise<Verdict> {
    const rule = this.rule(topic);
    if (!rule) return { ok: false, refusal: unmatched(topic) };
    const identified = await this.#identify(topic, credentials);
    if ('code' in identified) return { ok: false, refusal: identified };
    const verdict = decide(rule, 'join', topic, identified.id);
    return verdict.ok ? { ...verdict, token: identified.token } : verdict;
  }

  /** Whether a newer token keeps the same client in its topic. */
  async renew(member: { readonly topic: string; readonly id: string }, token: string): Promise<Verdict> {
    const { topic, id } = member;
    const credentials = { joinToken: token, socketToken: undefined, ownId: id };
    const verdict = await this.join(topic, credentials);
    return verdict.ok && verdict.id !== id ? { ok: false, refusal: OTHER_CLIENT } : verdict;
  }

  push(topic: string, id: string): Verdict {
    const rule = this.rule(topic);
    return rule ? decide(rule, 'push', topic, id) : { ok: false, refusal: unmatched(topic) };
  }

  /** Whether a token for this topic may be given to the client with this id. */
  grant(topic: string, id: string): Verdict {
    const rule = this.rule(topic);
    return rule ? decide(rule, 'join', topic, id) : { ok: false, refusal: unmatched(topic) };
  }

  /** The client's id in this topic, or why its token does not count. */
  async #identify(topic: string, credentials: JoinCredentials): Promise<Identified | Refusal> {
    const { joinToken, socketToken, ownId: id } = credentials;
    const token = joinToken ?? socketToken;
    if (token === undefined) return { id };
    const verdict = await verifyChannelToken(this.#secrets, token, topic);
    if (verdict.ok) {
      const from = joinToken === undefined ? 'connection' : 'join';
      return { id: verdict.claims.id, token: { expiresAt: verdict.expiresAt, from } };
    }
    if (joinToken === undefined) return { id };
    return { reason: `the token does not count: ${verdict.reason}`, code: 'MESH_UNAUTHORIZED' };
  }
}

function decide(rule: TopicRule, act: 'join' | 'push', topic: string, id: string): Verdict {
  const refusal = CHECKS[rule[act]](wildcardPart(rule, topic) === id);
  return refusal ? { ok: false, refusal } : { ok: true, id, rule };
}

/** What Phoenix says, and what to do about it. */
function unmatched(topic: string): Refusal {
  return {
    reason: 'unmatched topic',
    code: 'MESH_TOPIC_UNMATCHED',
    detail: `no topic rule names '${topic}'; declare it in a manifest or set channel.undeclared_topics`,
  };
}

function undeclaredRule(topic: string): TopicRule {
  const open = { join: 'public', push: 'public', presence: false, envelope: false } as const;
  return { pattern: topic, plugin: 'mesh', overflow: 'disconnect', ...open };
}
