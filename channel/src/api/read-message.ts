import { MeshError } from '@plugmesh/shared/errors';
import type { TopicRule } from '@plugmesh/shared/mesh-document';
import { isEventName, isTopicName } from '@plugmesh/shared/protocol';
import type { TopicAccess } from '../topics/topic-access.ts';
import { isContainer } from './exact-json.ts';
import { readIdempotencyKey } from './idempotency-key.ts';
import { allowFields, readFields, type Fields } from './read-json.ts';

/** A message that is to be published. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly event: string;
  /** An object or array, or bytes. */
  readonly payload: object;
  /** What goes to the bus. */
  readonly data: Buffer;
  readonly rule: TopicRule;
  readonly idempotencyKey: string | undefined;
}

/** What messages are checked by. */
export interface MessageRules {
  readonly access: Pick<TopicAccess, 'rule'>;
  /** Longest payload in bytes. */
  readonly payloadLimit: number;
}

const FIELDS = ['topic', 'event', 'payload', 'base64'];
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Checks a message with the key of its header; throws a MeshError that says what is wrong. */
export function readMessage(fields: Fields, rules: MessageRules, idempotencyKey?: string): OutgoingMessage {
  allowFields(fields, FIELDS);
  const { topic, event } = fields;
  if (typeof event !== 'string' || !isEventName(event)) {
    throw bad("'event' must have 1 to 255 bytes, no colon and no control characters");
  }
  if (/^(phx|presence)_/.test(event)) throw bad(`'${event}' belongs to the protocol`);
  const rule = ruleOf(rules.access, topic);
  const payload = readPayload(fields);
  const data = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
  if (data.length > rules.payloadLimit) {
    throw new MeshError('MESH_BODY_TOO_LARGE', `a payload has at most ${rules.payloadLimit} bytes`, {
      fix: 'send less, or raise channel.limits.frame',
    });
  }
  if (rule.history && (Buffer.isBuffer(payload) || Array.isArray(payload))) {
    throw bad(`'${String(topic)}' is durable: its 'payload' must be a JSON object`);
  }
  return { topic: String(topic), event, payload, data, rule, idempotencyKey };
}

/** The same for one of several, whose key is among its fields. */
export function readItem(value: unknown, rules: MessageRules): OutgoingMessage {
  const { idempotencyKey, ...fields } = readFields(value, 'a message');
  const key = idempotencyKey === undefined ? undefined : readIdempotencyKey(idempotencyKey);
  return readMessage(fields, rules, key);
}

/** The rule of a topic that somebody named. */
export function ruleOf(access: Pick<TopicAccess, 'rule'>, topic: unknown): TopicRule {
  if (typeof topic !== 'string' || !isTopicName(topic)) {
    throw bad("'topic' must have 1 to 255 bytes and no control characters");
  }
  const rule = access.rule(topic);
  if (rule) return rule;
  throw new MeshError('MESH_TOPIC_UNMATCHED', `no topic rule names '${topic}'`, {
    fix: 'declare it in a manifest or set channel.undeclared_topics',
  });
}

function readPayload({ payload, base64 }: Fields): object {
  if (base64 === undefined && isContainer(payload)) return payload;
  if (payload === undefined && typeof base64 === 'string' && BASE64.test(base64)) {
    return Buffer.from(base64, 'base64');
  }
  throw bad("expected 'payload', a JSON object or array, or 'base64', bytes in padded base64");
}

function bad(message: string): MeshError {
  return new MeshError('MESH_BAD_REQUEST', message);
}
