import { json, type Request, type RequestHandler, type Response } from 'express';
import { MeshError } from '../../errors/index.ts';
import type { UserIdentity } from '../../identity/index.ts';
import type { Call } from '../plugin-calls.ts';
import type { Identify } from '../plugin-identity.ts';
import type { Reach } from './hooks.ts';
import { validate } from '../validate.ts';
import { createReach, proxyPath } from './reach.ts';
import type { HookSchemas } from './schemas.ts';

/** What callouts are answered with. */
export interface CalloutParts {
  readonly identify: Identify;
  readonly call: Call;
  /** Largest body, in bytes. */
  readonly maxBody: number;
}

/** A hook of a type, whatever it is asked. */
export type AnyHook = (callout: never) => unknown;

/** Answers one callout with what a hook makes of it; to nobody but `endpoints`. */
export function answerCallouts(hook: AnyHook, schemas: HookSchemas, parts: CalloutParts): RequestHandler[] {
  const believe: RequestHandler = async (request, response, next) => {
    response.locals['actingFor'] = await calledByEndpoints(parts.identify, request);
    next();
  };
  const answer: RequestHandler = async (request, response) => {
    const body = await validate(schemas.request, request.body);
    if (!body.ok) throw new MeshError('MESH_BAD_REQUEST', `the callout says ${body.problems.join(', ')}`);
    const actingFor = response.locals['actingFor'] as UserIdentity | undefined;
    const callout = { ...body.value, ...reachOf(body.value, request, response, parts), actingFor };
    // The schema makes it what the hook takes.
    const answered = await validate(schemas.answer, (await hook(callout as never)) ?? {});
    // The author's to mend, in the log.
    if (!answered.ok) throw new Error(`the answer of a hook does not fit: ${answered.problems.join(', ')}`);
    response.json(answered.value);
  };
  return [believe, json({ limit: parts.maxBody }), answer];
}

/** The user acted for. Throws for everybody but `endpoints`, also for who comes past the gateway. */
async function calledByEndpoints(identify: Identify, request: Request): Promise<UserIdentity | undefined> {
  const identity = await identify(request);
  if (identity.kind === 'plugin' && identity.id === 'endpoints') return identity.actingFor;
  const code = identity.kind === 'anonymous' ? 'MESH_UNAUTHORIZED' : 'MESH_FORBIDDEN';
  throw new MeshError(code, "callouts are for 'endpoints' alone");
}

/** To one endpoint where the callout is about one, and to those of the user where it is about all that they see. */
function reachOf(body: object, request: Request, response: Response, { call }: CalloutParts): object {
  const ended = new AbortController();
  response.once('close', () => ended.abort());
  const reach = (path: string): Reach => createReach({ call, request, path, signal: ended.signal });
  if ('reach' in body) return { reach: reach(String(body.reach)) };
  return { reachOf: (guid: string) => reach(proxyPath(guid)) };
}
