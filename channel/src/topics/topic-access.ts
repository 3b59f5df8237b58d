import type { ErrorCode } from '@plugmesh/shared/errors';
import { opens, verifyChannelToken, type Identity, type Secrets } from '@plugmesh/shared/identity';
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
  readonly identity: Identity;
}

/** Somebody at a topic: the client's own id there, and who it is. */
export interface Visitor {
  readonly topic: string;
  readonly id: string;
  readonly identity: Identity;
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

type Check = (visitor: Visitor, rule: TopicRule) => Refusal | undefined;

const OWNER: Refusal = { reason: 'this topic belongs to another client', code: 'MESH_FORBIDDEN' };
const OTHER_CLIENT: Refusal = { reason: 'the token is for another client', code: 'MESH_FORBIDDEN' };
const NOBODY: Refusal = { reason: 'nobody may do this', code: 'MESH_FORBIDDEN' };

const CHECKS: Readonly<Record<Access, Check>> = {
  public: () => undefined,
  session: ({ identity }) =>
    opens(identity, 'session') ? undefined : signIn(identity, 'a signed-in user is needed'),
  admin: ({ identity }) =>
    opens(identity, 'admin') ? undefined : signIn(identity, 'a signed-in administrator is needed'),
  owner: ({ topic, id }, rule) => (wildcardPart(rule, topic) === id ? undefined : OWNER),
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
    const visitor = { topic, id: identified.id, identity: credentials.identity };
    const verdict = decide(rule, 'join', visitor);
    return verdict.ok ? { ...verdict, token: identified.token } : verdict;
  }

  /** Whether a newer token keeps the same client in its topic. */
  async renew({ topic, id, identity }: Visitor, token: string): Promise<Verdict> {
    const credentials = { joinToken: token, socketToken: undefined, ownId: id, identity };
    const verdict = await this.join(topic, credentials);
    return verdict.ok && verdict.id !== id ? { ok: false, refusal: OTHER_CLIENT } : verdict;
  }

  push(visitor: Visitor): Verdict {
    return this.#decide('push', visitor);
  }

  /** Whether a token for this topic may be given to this client. */
  grant(visitor: Visitor): Verdict {
    return this.#decide('join', visitor);
  }

  #decide(act: 'join' | 'push', visitor: Visitor): Verdict {
    const rule = this.rule(visitor.topic);
    return rule ? decide(rule, act, visitor) : { ok: false, refusal: unmatched(visitor.topic) };
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

function decide(rule: TopicRule, act: 'join' | 'push', visitor: Visitor): Verdict {
  const refusal = CHECKS[rule[act]](visitor, rule);
  return refusal ? { ok: false, refusal } : { ok: true, id: visitor.id, rule };
}

/** Whoever is known already would not get in by signing in. */
function signIn({ kind }: Identity, reason: string): Refusal {
  return { reason, code: kind === 'anonymous' ? 'MESH_UNAUTHORIZED' : 'MESH_FORBIDDEN' };
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
