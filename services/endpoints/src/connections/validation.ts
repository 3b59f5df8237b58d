import { MeshError, type RequestHead } from '@plugmesh/sdk';
import { userName as shownName } from '../callouts/answers.ts';
import type { Callouts } from '../callouts/callouts.ts';
import { endpointView } from '../endpoints/endpoint-view.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Reaches } from '../reach/reaches.ts';
import type { Token } from '../outbound/token.ts';
import type { EndpointRecord } from '../store/endpoint-records.ts';
import type { EndpointType } from '../types/endpoint-type.ts';
import { signedHeaders } from './sign.ts';

/** What finding out about a credential needs. */
export interface ValidationParts {
  readonly callouts: Callouts;
  readonly outbound: Outbound;
  readonly reaches: Reaches;
}

/** A credential and what it is for. */
export interface ToValidate {
  readonly type: EndpointType;
  readonly endpoint: EndpointRecord;
  readonly token: Token;
  readonly request: RequestHead;
}

/**
 * Whether an external system takes a credential: by the type's hook, or by its `userPath`, or not asked where it has neither.
 * Resolves to who the user is there, where the answer says so. Rejects with MESH_ENDPOINT_CREDENTIALS and what asking fails with.
 */
export async function validate(parts: ValidationParts, asked: ToValidate): Promise<string | undefined> {
  if (asked.type.hooks.includes('validate')) return byHook(parts, asked);
  const { userPath } = asked.type;
  return userPath === undefined ? undefined : byPath(parts, asked, userPath);
}

async function byHook(
  { callouts, reaches }: ValidationParts,
  { type, endpoint, token, request }: ToValidate,
) {
  const reachable = { target: endpoint, headers: token.headers ?? {} };
  await reaches.during(type.plugin, reachable, (reach) =>
    callouts.ask({
      type,
      hook: 'validate',
      body: { endpoint: endpointView(endpoint), token, reach },
      request,
    }),
  );
  return undefined;
}

async function byPath({ callouts, outbound }: ValidationParts, asked: ToValidate, path: string) {
  const { type, endpoint, token } = asked;
  const signing = { ...asked, method: 'GET', url: `${endpoint.url}${path}` };
  const headers = { accept: 'application/json', ...(await signedHeaders(callouts, signing)) };
  // Without a credential there is nothing to find out.
  if (Object.keys(headers).length === 1 && token.data === undefined) return undefined;
  const { status, body } = await outbound.fetch(endpoint, path, { headers });
  if (status === 401 || status === 403)
    throw new MeshError('MESH_ENDPOINT_CREDENTIALS', `it answers ${status} to these credentials`, {
      fix: 'check them, and what they are allowed to do there',
    });
  if (status < 200 || status > 299)
    throw new MeshError(
      'MESH_ENDPOINT_INVALID',
      `it answers ${status} at '${path}', where the type '${type.type}' answers who the user is`,
    );
  return nameIn(body, type.userName);
}

function nameIn(body: Buffer, member: string | undefined): string | undefined {
  if (member === undefined) return undefined;
  try {
    const answer = JSON.parse(body.toString()) as Record<string, unknown> | null;
    const name = answer !== null && Object.hasOwn(answer, member) ? answer[member] : undefined;
    return typeof name === 'string' || typeof name === 'number'
      ? shownName.safeParse(String(name)).data
      : undefined;
  } catch {
    // Valid all the same: only the name is not known.
    return undefined;
  }
}
