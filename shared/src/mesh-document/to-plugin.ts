import { hashCredential } from '../access/index.ts';
import { formatPosition, type MeshError } from '../errors/index.ts';
import { manifestHttpDefaults } from '../manifest/http-schema.ts';
import type { Candidate } from './candidates.ts';
import type { DocumentInput } from './document-input.ts';
import { languageOf } from './language.ts';
import type { Instance, MeshPlugin, PluginHttp, PluginState } from './types.ts';

type Condition = Pick<MeshPlugin, 'state' | 'reason' | 'instances'>;

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
  if (refusal) return { state: 'invalid', reason: refusal.map(inOneLine).join('\n'), instances: [] };
  const observed = input.states[id];
  const instances = observed?.instances ?? expectedInstances(candidate, input);
  const state: PluginState = observed?.state ?? (instances.length > 0 ? 'ready' : 'stopped');
  return { state, ...(observed?.reason === undefined ? {} : { reason: observed.reason }), instances };
}

function inOneLine({ code, position, message }: MeshError): string {
  return `${code}: ${position ? `${formatPosition(position)} ` : ''}${message}`;
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

function httpOf({ id, manifest, settings }: Candidate, isServed: boolean): PluginHttp {
  const http = manifest?.http ?? manifestHttpDefaults;
  const { guard, timeoutMs, maxBody, maxResponse, corsOrigins, apiKey, path } = settings;
  return {
    ...http,
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
