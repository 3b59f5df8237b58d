import { MeshError, type RequestHead } from '@plugmesh/sdk';
import { addressBelow, type Target } from '../outbound/target.ts';
import type { Caller } from '../callers.ts';
import type { Usable } from '../connections/connections.ts';
import type { EndpointType } from '../types/endpoint-type.ts';
import type { ProxyParts } from './parts.ts';

/** With what a request goes to an external system. */
export interface Pass {
  readonly target: Target;
  /** The credential. */
  readonly headers: Readonly<Record<string, string>>;
  /** Cuts what is still under way. */
  readonly end?: AbortSignal;
  /** After an answer of 401: another pass, or undefined when there is none to be had. */
  again(): Promise<Pass | undefined>;
}

/** What is asked of an endpoint. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  /** The request that is passed on. */
  readonly request: RequestHead;
}

interface AskedBy extends Asked {
  readonly caller: Caller;
  readonly type: EndpointType;
}

/** Gives out what requests go to external systems with. */
export class Passes {
  readonly #parts: ProxyParts;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
  }

  /** For a user at an endpoint. Rejects with MESH_ENDPOINT_UNKNOWN, _NOT_CONNECTED, _EXPIRED, or MESH_FORBIDDEN. */
  async toEndpoint(caller: Caller, guid: string, asked: Asked): Promise<Pass> {
    const { connections, types, renewals } = this.#parts;
    const used = await connections.usableFor(caller, guid);
    const type = await types.get(used.endpoint.type);
    return this.#passOf(await renewals.current(used, caller), { ...asked, caller, type });
  }

  /** For a plugin during a callout. Rejects with MESH_NOT_FOUND. */
  async toReach(plugin: string, id: string): Promise<Pass> {
    const reach = await this.#parts.reaches.find(id, plugin);
    if (reach) {
      const { target, headers, endsAt } = reach;
      const end = AbortSignal.timeout(Math.max(0, endsAt - Date.now()));
      return { target, headers, end, again: () => Promise.resolve(undefined) };
    }
    throw new MeshError('MESH_NOT_FOUND', "this way is closed, or another plugin's");
  }

  async #passOf(used: Usable, asked: AskedBy): Promise<Pass> {
    const { method, path, request, type, caller } = asked;
    const { endpoint, token } = used;
    const { origin, path: full } = addressBelow(endpoint, path);
    const url = `${origin}${full}`;
    return {
      target: endpoint,
      headers: await this.#parts.sign({ type, endpoint, token, method, url, request }),
      again: async () => {
        const other = await this.#parts.renewals.afterRefusal(used, caller);
        return other && this.#passOf(other, asked);
      },
    };
  }
}
