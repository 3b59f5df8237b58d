import type { MeshDocument, MeshPlugin } from '@plugmesh/shared/mesh-document';
import { hash as hashOf } from 'node:crypto';
import type { UpstreamInstance } from '../upstream/instance.ts';
import type { Description, Reading, Source } from './description.ts';
import { fetchDescription } from './fetch-description.ts';

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

interface Entry {
  /** What it holds for: changes with everything that the mesh says of the plugin. */
  readonly key: string;
  readonly checkedAt: number;
  readonly outcome: Outcome;
  readonly etag: string | undefined;
  /** Hash of the text, so that the same one is not read again. */
  readonly hash: string | undefined;
}

/** As long as that, a description is believed without asking again: new code behind the same address is seen then. */
const AGE_MS = 3_000;

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
    return entry?.key === key && performance.now() - entry.checkedAt < AGE_MS ? entry : undefined;
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
    const same = before?.key === key ? before : undefined;
    const fetched = await this.#fetch(plugin, same?.etag);
    const checkedAt = performance.now();
    if (fetched.kind === 'unchanged' && same) return { ...same, checkedAt };
    if (fetched.kind !== 'text') {
      const outcome = sameOutcome(before?.outcome, outcomeOf(fetched));
      return { key, checkedAt, outcome, etag: undefined, hash: undefined };
    }
    const { id, http } = plugin;
    const source = { id, prefix: http.prefix, stripPrefix: http.stripPrefix };
    const hash = hashOf('sha256', JSON.stringify([source, fetched.text]));
    if (before?.hash === hash) return { ...before, key, checkedAt, etag: fetched.etag };
    const reading = await this.#parts.read(fetched.text, source);
    return { key, checkedAt: performance.now(), outcome: outcomeFrom(reading), etag: fetched.etag, hash };
  }

  async #fetch({ id, state, instances, http }: MeshPlugin, etag: string | undefined) {
    const isReady = instances.some((instance) => instance.state === 'ready');
    const instance = isReady ? this.#parts.pick(id) : undefined;
    if (!instance)
      return { kind: 'unreachable', reason: `no instance is ready; its state is '${state}'` } as const;
    return fetchDescription(instance, { path: String(http.openapi), etag });
  }
}

const NONE: Outcome = { kind: 'none' };

function outcomeOf(fetched: { readonly kind: string; readonly reason?: string }): Outcome {
  const { kind, reason = 'it says that nothing has changed, and nothing is known' } = fetched;
  return { kind: kind === 'none' || kind === 'unreachable' ? kind : 'broken', reason };
}

function outcomeFrom(reading: Reading): Outcome {
  if ('broken' in reading) return { kind: 'broken', reason: reading.broken };
  return { kind: 'merged', description: reading.description };
}

/** The same object for the same words, so that who compares objects sees no change. */
function sameOutcome(before: Outcome | undefined, now: Outcome): Outcome {
  return before && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
