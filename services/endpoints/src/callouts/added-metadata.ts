import type { Endpoint, RequestHead } from '@plugmesh/sdk';
import type { Caller } from '../callers.ts';
import type { EndpointType } from '../types/endpoint-type.ts';
import { metadata } from './answers.ts';
import type { Callouts } from './callouts.ts';

/** An endpoint that a user sees, and whether they can use it. */
export type SeenEndpoint = Endpoint & { readonly connected: boolean };

/** Why a type has added nothing. */
export interface SkippedNote {
  readonly type: string;
  readonly plugin: string;
  readonly code: string;
  readonly reason: string;
}

/** What types add to a list, and which of them were skipped. */
export interface AddedMetadata {
  /** By the endpoint's guid, then by the type that says it. */
  readonly byGuid: ReadonlyMap<string, Readonly<Record<string, Record<string, unknown>>>>;
  readonly notes: readonly SkippedNote[];
}

/** Who asks, and how. */
export interface AddingOptions {
  readonly callouts: Callouts;
  readonly caller: Caller;
  readonly request: RequestHead;
  readonly atOnce: number;
}

const PATIENCE_MS = 2000;

/**
 * Asks every type that wants to add something to what a user sees, in parallel. It is given what the user sees, and
 * what it says is taken of those endpoints alone, under its own name. Never rejects: who does not answer is skipped.
 */
export async function addedMetadata(
  types: readonly EndpointType[],
  endpoints: readonly SeenEndpoint[],
  options: AddingOptions,
): Promise<AddedMetadata> {
  const byGuid = new Map<string, Record<string, Record<string, unknown>>>(
    endpoints.map(({ guid }) => [guid, {}]),
  );
  const notes: SkippedNote[] = [];
  const asked = types.filter(
    ({ hooks, plugin }) => hooks.includes('update-metadata') && plugin !== options.caller.plugin,
  );
  const queue = endpoints.length === 0 ? [] : [...asked];
  const work = async (): Promise<void> => {
    for (let type = queue.shift(); type; type = queue.shift()) {
      const said = await ask(type, endpoints, options);
      if ('note' in said) notes.push(said.note);
      else
        for (const [guid, value] of said.byGuid)
          Object.assign(byGuid.get(guid) ?? {}, { [type.type]: value });
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  return { byGuid, notes };
}

type Said = { readonly byGuid: Map<string, Record<string, unknown>> } | { readonly note: SkippedNote };

async function ask(
  type: EndpointType,
  endpoints: readonly SeenEndpoint[],
  options: AddingOptions,
): Promise<Said> {
  const { id, name, isAdmin: admin } = options.caller;
  const note = (code: string, reason: string): Said => ({
    note: { type: type.type, plugin: type.plugin, code, reason },
  });
  if (!type.available) return note('MESH_ENDPOINT_TYPE_UNAVAILABLE', 'the plugin is not ready');
  try {
    const body = { endpoints, user: { id, name, admin } };
    const { request } = options;
    const hook = 'update-metadata';
    const answer = await options.callouts.ask({ type, hook, body, request, timeoutMs: PATIENCE_MS });
    const fits = Object.entries(answer).map(
      ([guid, value]) => [guid, metadata.safeParse(value).data] as const,
    );
    return {
      byGuid: new Map(
        fits.filter((entry): entry is [string, Record<string, never>] => entry[1] !== undefined),
      ),
    };
  } catch (error) {
    const { code = 'MESH_ENDPOINT_CALLOUT_FAILED', message } = error as { code?: string; message: string };
    return note(code, message);
  }
}
