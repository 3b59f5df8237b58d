import { MeshError } from '../errors/index.ts';
import { IDENTITY_HEADER } from '../identity/index.ts';
import type { RequestHead } from './plugin-identity.ts';

/** How another plugin is called: as by `fetch`, but `redirect` is `manual` unless it says otherwise. */
export interface CallOptions extends RequestInit {
  /** The request that this call is made for: its user is the one acted for. */
  readonly request?: RequestHead;
}

/** Calls `/api/<plugin><path>`. Rejects as `fetch` does; every answer is one, also a refusal or a redirect. */
export type Call = (plugin: string, path: string, options?: CallOptions) => Promise<Response>;

/** What a call takes over from the request that it is made for: the user, the way here, and the names in logs. */
const PASSED_ON = [IDENTITY_HEADER, 'via', 'x-request-id', 'traceparent', 'tracestate'];

/** Calls other plugins through the gateway with the plugin's own token (contracts § 1.8). */
export function createCall(meshUrl: string | undefined, token: string | undefined): Call {
  return async (plugin, path, { request, ...options } = {}) => {
    if (meshUrl === undefined || token === undefined)
      throw new MeshError('MESH_NOT_SUPPORTED', 'calling plugins needs PLUGMESH_URL and PLUGMESH_TOKEN');
    const headers = new Headers(options.headers);
    for (const name of PASSED_ON) {
      const value = request?.headers[name];
      if (value !== undefined) headers.set(name, String(value));
    }
    headers.set('authorization', `Bearer ${token}`);
    // A redirect followed would take the user's token to whatever host the called plugin names.
    return fetch(addressOf(meshUrl, plugin, path), { redirect: 'manual', ...options, headers });
  };
}

/** The token goes to this plugin and nowhere else, whatever path somebody has put together. */
function addressOf(meshUrl: string, plugin: string, path: string): URL {
  const prefix = `/api/${encodeURIComponent(plugin)}/`;
  const address = new URL(prefix + path.replace(/^\/+/, ''), meshUrl);
  if (address.pathname.startsWith(prefix)) return address;
  throw new MeshError('MESH_BAD_REQUEST', `'${path}' is no path of '${plugin}'`);
}
