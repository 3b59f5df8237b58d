import type { MeshDocument, MeshPlugin } from '@plugmesh/shared/mesh-document';
import { hash as hashOf } from 'node:crypto';
import type { UpstreamInstance } from '../upstream/instance.ts';
import type { Description, Reading, Source } from './description.ts';
import { fetchDescription, type Fetched } from './fetch-description.ts';

/** What is known of a plugin's API. */
export type Outcome =
  | { readonly kind: 'merged'; readonly description: Description }
  | { readonly kind: 'none' | 'broken' | 'unreachable'; readonly reason?: string };

/** A plugin, and what is known of its API. */
export interface Described {
  readonly plugin: MeshPlugin;
  readonly outcome: Outcome;
}

/** What descriptions are found with. */
export interface DescriptionParts {
  readonly document: () => MeshDocument;
  /** An instance that may be asked. */
  readonly pick: (plugin: string) => UpstreamInstance | undefined;
  readonly read: (text: string, source: Source) => Promise<Reading>;
}

/** What asking a plugin has taught. */
interface Known {
  readonly outcome: Outcome;
  readonly etag: string | undefined;
  /** Hash of the text, so that the same one is not read again. */
  readonly hash: string | undefined;
}

interface Entry extends Known {
  /** What it holds for: changes with everything that the mesh says of the plugin. */
  readonly key: string;
  readonly freshUntil: number;
}

/** As long as that, a description is believed without asking again: new code behind the same address is seen then. */
const AGE_MS = 3_000;
/** A plugin that takes its time is left alone for so many times as long, so that it does not hold up every reader. */
const PAUSES = 5;

/**
 * The descriptions of all plugins, fetched when somebody wants to see them. One that is known is used again until the mesh says
 * something else of its plugin, or for 3 s; then its plugin is asked whether it has changed.
 */
export class PluginDescriptions {
  readonly #parts: DescriptionParts;
  readonly #entries = new Map<string, Entry>();
  /** At most one question to a plugin at a time, whoever else wants to know. */
  readonly #asking = new Map<string, Promise<void>>();

  constructor(parts: DescriptionParts) {
    this.#parts = parts;
  }

  /** Every plugin, by id. */
  async all(): Promise<readonly Described[]> {
    const plugins = [...this.#parts.document().plugins].sort((a, b) => (a.id < b.id ? -1 : 1));
    const known = new Set(plugins.map(({ id }) => id));
    for (const id of this.#entries.keys()) if (!known.has(id)) this.#entries.delete(id);
    const outcomes = await Promise.all(plugins.map((plugin) => this.#outcomeOf(plugin)));
    return plugins.map((plugin, at) => ({ plugin, outcome: outcomes[at] ?? NONE }));
  }

  async #outcomeOf(plugin: MeshPlugin): Promise<Outcome> {
    if (plugin.http.openapi === false) return NONE;
    const key = JSON.stringify(plugin);
    // Twice at most: a question from before the last change may be under way.
    for (let tries = 0; tries < 2; tries++) {
      const entry = this.#fresh(plugin.id, key);
      if (entry) return entry.outcome;
      await (this.#asking.get(plugin.id) ?? this.#ask(plugin, key));
    }
    return this.#entries.get(plugin.id)?.outcome ?? NONE;
  }

  #fresh(id: string, key: string): Entry | undefined {
    const entry = this.#entries.get(id);
    return entry?.key === key && performance.now() < entry.freshUntil ? entry : undefined;
  }

  #ask(plugin: MeshPlugin, key: string): Promise<void> {
    const { id } = plugin;
    const asking = this.#check(plugin, key)
      .then((entry) => void this.#entries.set(id, entry))
      .finally(() => this.#asking.delete(id));
    this.#asking.set(id, asking);
    return asking;
  }

  async #check(plugin: MeshPlugin, key: string): Promise<Entry> {
    const before = this.#entries.get(plugin.id);
    const etag = before?.key === key ? before.etag : undefined;
    const askedAt = performance.now();
    const fetched = await this.#fetch(plugin, etag);
    const pauseMs = Math.max(AGE_MS, PAUSES * (performance.now() - askedAt));
    const known =
      fetched.kind === 'unchanged' && before && etag !== undefined
        ? before
        : await this.#learn(plugin, fetched, before);
    return { ...known, key, freshUntil: performance.now() + pauseMs };
  }

  async #learn({ id, http }: MeshPlugin, fetched: Fetched, before: Entry | undefined): Promise<Known> {
    if (fetched.kind === 'unchanged') return { ...UNKNOWN, outcome: UNASKED };
    if (fetched.kind !== 'text') return { ...UNKNOWN, outcome: sameOutcome(before?.outcome, fetched) };
    const { text, etag } = fetched;
    const source = { id, prefix: http.prefix, stripPrefix: http.stripPrefix };
    const hash = hashOf('sha256', JSON.stringify([source, text]));
    if (before?.hash === hash) return { ...before, etag };
    return { outcome: outcomeFrom(await this.#parts.read(text, source)), etag, hash };
  }

  async #fetch({ id, state, instances, http }: MeshPlugin, etag: string | undefined): Promise<Fetched> {
    const isReady = instances.some((instance) => instance.state === 'ready');
    const instance = isReady ? this.#parts.pick(id) : undefined;
    if (!instance) return { kind: 'unreachable', reason: `no instance is ready; its state is '${state}'` };
    return fetchDescription(instance, { path: String(http.openapi), etag });
  }
}

const NONE: Outcome = { kind: 'none' };
const UNASKED: Outcome = { kind: 'broken', reason: 'it answered 304, and was not asked what has changed' };
const UNKNOWN = { etag: undefined, hash: undefined };

function outcomeFrom(reading: Reading): Outcome {
  if ('broken' in reading) return { kind: 'broken', reason: reading.broken };
  return { kind: 'merged', description: reading.description };
}

/** The same object for the same words, so that who compares objects sees no change. */
function sameOutcome(before: Outcome | undefined, now: Outcome): Outcome {
  return before?.kind === now.kind && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
