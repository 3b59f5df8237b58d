import { hashCredential } from '../access/index.ts';
import { formatPosition, type MeshError } from '../errors/index.ts';
import { calloutRules } from '../manifest/callout-rules.ts';
import { manifestHttpDefaults } from '../manifest/http-schema.ts';
import { runsNothing, type Candidate } from './candidates.ts';
import type { DocumentInput, ObservedState } from './document-input.ts';
import { languageOf } from './language.ts';
import { failing, pluginFailure } from './plugin-failure.ts';
import type { Instance, MeshPlugin, PluginFailure, PluginHttp, PluginState } from './types.ts';

type Condition = Pick<MeshPlugin, 'state' | 'reason' | 'failure' | 'instances'>;

/** The document's entry for a plugin; a refused or disabled one keeps nothing but its own `/api/<id>`. */
export function toPlugin(
  candidate: Candidate,
  refusal: readonly MeshError[] | undefined,
  input: DocumentInput,
): MeshPlugin {
  const { id, source, manifest, registrations, disabledBecause } = candidate;
  const isServed = disabledBecause === undefined && refusal === undefined;
  const version = manifest?.version ?? registrations.findLast((each) => each.version !== undefined)?.version;
  const language = manifest && languageOf(manifest);
  return {
    id,
    ...(manifest?.title === undefined ? {} : { title: manifest.title }),
    ...(manifest?.description === undefined ? {} : { description: manifest.description }),
    ...(version === undefined ? {} : { version }),
    ...(language === undefined ? {} : { language }),
    source,
    enabled: disabledBecause === undefined,
    http: httpOf(candidate, isServed),
    ...condition(candidate, refusal, input),
  };
}

function condition(
  candidate: Candidate,
  refusal: readonly MeshError[] | undefined,
  input: DocumentInput,
): Condition {
  const { id, disabledBecause } = candidate;
  if (disabledBecause !== undefined) return { state: 'disabled', reason: disabledBecause, instances: [] };
  if (refusal) return { state: 'invalid', ...failing(refusalFailure(refusal)), instances: [] };
  const observed = input.states[id];
  const instances = observed?.instances ?? expectedInstances(candidate, input);
  const isThere = instances.length > 0 || runsNothing(candidate);
  const state: PluginState = observed?.state ?? (isThere ? 'ready' : 'stopped');
  return { state, ...saidOf(observed), instances };
}

function saidOf({ reason, failure }: Partial<ObservedState> = {}): Pick<Condition, 'reason' | 'failure'> {
  return { ...(reason === undefined ? {} : { reason }), ...(failure === undefined ? {} : { failure }) };
}

/** Of several problems the first has the word; the others stand below it. */
function refusalFailure([first, ...others]: readonly MeshError[]): PluginFailure {
  if (!first) return pluginFailure('MESH_MANIFEST_INVALID', 'it is refused');
  const lines = others.map((each) => `${each.code}: ${placed(each)}`);
  return pluginFailure(first.code, placed(first), { lines, fix: first.fix });
}

function placed({ position, message }: MeshError): string {
  return `${position ? `${formatPosition(position)} ` : ''}${message}`;
}

/** Where instances must be when nobody has looked; taken to be ready, because the gateway finds out by itself. */
function expectedInstances(
  { id, source, settings, registrations }: Candidate,
  { ports }: DocumentInput,
): Instance[] {
  // One with URLs is started elsewhere: a port kept for it here is nobody's.
  const local = (source === 'manifest' ? (ports[id] ?? []) : []).map((port) => `http://127.0.0.1:${port}`);
  const placed = [...local, ...settings.urls].map((url, n): Instance => ({
    id: `${id}-${n}`,
    url,
    state: 'ready',
  }));
  const registered = registrations.map(({ instance, url }): Instance => ({
    id: instance,
    url,
    state: 'ready',
  }));
  return [...placed, ...registered];
}

function httpOf(candidate: Candidate, isServed: boolean): PluginHttp {
  const { id, manifest, settings } = candidate;
  const http = manifest?.http ?? manifestHttpDefaults;
  const { guard, timeoutMs, maxBody, maxResponse, corsOrigins, apiKey, path } = settings;
  return {
    ...http,
    routes: [...http.routes, ...calloutRules(manifest?.endpoints)],
    openapi: runsNothing(candidate) ? false : http.openapi,
    prefix: (isServed ? path : undefined) ?? `/api/${id}`,
    aliases: isServed ? http.aliases : [],
    guard: guard ?? http.guard,
    timeoutMs: timeoutMs ?? http.timeoutMs,
    maxBody: maxBody ?? http.maxBody,
    ...(maxResponse === undefined ? {} : { maxResponse }),
    ...(corsOrigins === undefined ? {} : { corsOrigins }),
    ...(apiKey === undefined ? {} : { keyHash: hashCredential(apiKey) }),
  };
}
