import { MeshError, PROBLEM_TYPE, problemDocument } from '../../errors/index.ts';
import type { UserIdentity } from '../../identity/index.ts';
import type { EndpointHook, EndpointType } from '../../manifest/endpoint-type.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { Endpoint, EndpointEvent, EndpointToken, JsonObject } from '../endpoints/contract.ts';
import type { Call } from '../plugin-calls.ts';

/** A callout as a test makes it: its type, where `reach` leads to, and as much of its JSON as matters. */
export interface TestCallout {
  /** The user acted for; default nobody. */
  readonly as?: UserIdentity;
  /** Default: the first of `plugin.json`. */
  readonly type?: string;
  /** Origin and path of the server that stands for the endpoint. */
  readonly reach?: string;
  readonly endpoint?: Partial<Endpoint>;
  readonly token?: EndpointToken;
  /** Anything else of the hook's JSON. */
  readonly [member: string]: unknown;
}

/** What an event says besides its name. */
export interface TestEndpointEvent {
  readonly type?: string;
  readonly endpoint?: Partial<Endpoint>;
  readonly user?: string;
  readonly admin?: boolean;
}

/** Where one callout's `reach` leads to. */
interface Reached {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Told {
  readonly event: EndpointEvent;
  readonly resolve: (nothing: undefined) => void;
}

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:1';

/** Stands for `endpoints`: makes callouts, passes on what `reach` asks for, and tells of events. */
export class TestEndpoints {
  readonly #manifest: Manifest;
  readonly #otherwise: Call;
  readonly #reached: Reached[] = [];
  readonly #told: Told[] = [];

  /** `otherwise` answers calls to other plugins. */
  constructor(manifest: Manifest, otherwise: Call) {
    this.#manifest = manifest;
    this.#otherwise = otherwise;
  }

  /** Answers the plugin's calls. */
  readonly call: Call = (plugin, path, { request, ...init } = {}) => {
    const { pathname, searchParams } = new URL(path, NOWHERE);
    const [, at, below = ''] = /^\/v1\/reach\/(\d+)(\/.*)$/.exec(path) ?? [];
    const reached = this.#reached[Number(at)];
    if (plugin === 'endpoints' && reached) return pass(reached, below, init);
    if (plugin === 'endpoints' && pathname === '/v1/events')
      return Promise.resolve(this.#eventsAfter(Number(searchParams.get('after') ?? 0)));
    return this.#otherwise(plugin, path, { ...init, ...(request && { request }) });
  };

  /** Where a callout is asked, and with what. */
  callout(hook: EndpointHook, { type, reach: url = NOWHERE, ...given }: TestCallout) {
    const entry = this.#typeOf(type);
    const { token = {} } = given;
    const reach = `/v1/reach/${this.#reached.push({ url, headers: token.headers ?? {} }) - 1}`;
    const endpoint = { ...someEndpoint(entry, url), ...given.endpoint };
    const user = { id: 'ada', name: 'ada', admin: false };
    const bodies: Readonly<Record<EndpointHook, JsonObject>> = {
      info: { url, subType: null, skipTlsValidation: false, caCert: null, reach, ...given },
      register: { reach, ...given, endpoint },
      connect: { connectType: entry.connect[0]?.kind, credentials: {}, reach, ...given, endpoint },
      validate: { reach, ...given, endpoint, token },
      'update-metadata': { endpoints: [{ ...endpoint, connected: true }], user, ...given },
      sign: { method: 'GET', url, ...given, endpoint, token },
    };
    return { path: `${entry.callouts ?? ''}/${hook}`, body: bodies[hook] };
  }

  /** Writes an event down. Resolves when the plugin asks for what comes after it. */
  tell(event: EndpointEvent['event'], { type, endpoint, ...said }: TestEndpointEvent): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const whole = { ...someEndpoint(this.#typeOf(type), NOWHERE), ...endpoint };
    const id = this.#told.length + 1;
    this.#told.push({
      event: { id, event, at: 0, endpoint: whole, ...said },
      resolve,
    });
    return promise;
  }

  #eventsAfter(after: number): Response {
    for (const { resolve } of this.#told.slice(0, after)) resolve(undefined);
    const events = this.#told.slice(after).map(({ event }) => event);
    return Response.json({ events, next: this.#told.length, complete: true });
  }

  #typeOf(type: string | undefined): EndpointType {
    const { endpoints = [] } = this.#manifest;
    const entry = type === undefined ? endpoints[0] : endpoints.find((each) => each.type === type);
    if (entry) return entry;
    throw new MeshError(
      'MESH_USAGE',
      `plugin.json has no type of endpoint${type === undefined ? '' : ` '${type}'`}`,
    );
  }
}

function someEndpoint({ type }: EndpointType, url: string): Endpoint {
  const guid = '00000000-0000-4000-8000-000000000000';
  return { guid, name: 'an endpoint', type, subType: null, url, owner: null, metadata: {} };
}

/** As `endpoints` does it: the token's headers, where there is a token, and no redirect followed. */
async function pass({ url, headers: told }: Reached, below: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(told)) headers.set(name, value);
  try {
    return await fetch(url.replace(/\/$/, '') + below, { redirect: 'manual', ...init, headers });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    const error = new MeshError('MESH_ENDPOINT_UNREACHABLE', `nobody answers at '${url}'`, { cause });
    const type = { 'content-type': PROBLEM_TYPE };
    return Response.json(problemDocument(error), { status: error.status, headers: type });
  }
}
