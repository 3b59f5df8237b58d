import { MeshError } from '@plugmesh/shared/errors';
import { mintChannelId, signChannelToken, verifyChannelId, type Secrets } from '@plugmesh/shared/identity';
import { isTopicName } from '@plugmesh/shared/protocol';
import type { Identify } from '../identity/identify.ts';
import type { TopicAccess } from '../topics/topic-access.ts';
import type { Route } from './http-routes.ts';
import { readBody } from './read-body.ts';

/** What `POST /token` needs. */
export interface TokenRouteOptions {
  readonly access: Pick<TopicAccess, 'grant'>;
  readonly identify: Identify;
  readonly secrets: Secrets;
  readonly ttlMs: number;
}

interface TokenRequest {
  readonly channel: string;
  readonly id: string | undefined;
}

const BODY_LIMIT = 16_384;

/** `POST /token {"channel", "id"?}` → `{"channel", "id", "token"}`: a token for that topic only. */
export function tokenRoute({ access, identify, secrets, ttlMs }: TokenRouteOptions): Route {
  return async (request) => {
    const { channel, id = mintChannelId(secrets) } = parse(await readBody(request, BODY_LIMIT), secrets);
    const identity = await identify(request);
    const verdict = access.grant({ topic: channel, id, identity });
    if (!verdict.ok) throw new MeshError(verdict.refusal.code, verdict.refusal.reason);
    const token = await signChannelToken(secrets, { channel, id }, ttlMs);
    return { status: 200, body: { channel, id, token } };
  };
}

function parse(text: string, secrets: Secrets): TokenRequest {
  const { channel, id } = parseObject(text);
  if (typeof channel !== 'string' || !isTopicName(channel)) {
    throw new MeshError('MESH_BAD_REQUEST', "expected 'channel', the name of a topic");
  }
  if (id === undefined || id === null) return { channel, id: undefined };
  if (typeof id !== 'string' || !verifyChannelId(secrets, id)) {
    const fix = 'leave it out, or send one that an earlier answer of this route gave';
    throw new MeshError('MESH_BAD_REQUEST', "the 'id' was not given out by this mesh", { fix });
  }
  return { channel, id };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Answered below, like every other body that is not an object.
  }
  throw new MeshError('MESH_BAD_REQUEST', 'expected a JSON object: {"channel": "…"}');
}
