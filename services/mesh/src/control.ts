import { setTimeout as delay } from 'node:timers/promises';
import { readOverrides } from '@plugmesh/shared/config';
import type { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import {
  buildMeshDocument,
  type DocumentInput,
  type MeshDocument,
  type MeshPlugin,
  type ObservedState,
} from '@plugmesh/shared/mesh-document';
import type { DocumentWriter } from './document-writer.ts';
import type { Lease } from './lease.ts';
import type { MeshFiles } from './mesh-files.ts';
import type { PluginObserver } from './plugin-observer.ts';
import { type ProcessKeeper, startedFrom, type WantedPlugin } from './process-keeper.ts';
import type { ProcessList } from './process-list.ts';
import type { Registrations } from './registrations.ts';

/** What the control process is made of. */
export interface ControlParts {
  readonly files: MeshFiles;
  readonly registrations: Registrations;
  readonly processes: ProcessList;
  readonly keeper: ProcessKeeper;
  readonly observer: PluginObserver;
  readonly lease: Lease;
  readonly writer: DocumentWriter;
  readonly log: Log;
}

const ROUND_MS = 400;

/**
 * Looks at the files, the processes and the registrations, round after round, and publishes one document that follows
 * from them. Every round starts from what is there, so nothing is lost when Redis, pm2 or this process was away.
 */
export class Control {
  readonly #parts: ControlParts;
  readonly #stopped = new AbortController();
  #document: MeshDocument;
  #problems = '';
  #looping: Promise<void> | undefined;
  #round: Promise<void> | undefined;
  #wasLeading = false;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#document = buildMeshDocument(this.#input({}, 0)).document;
  }

  /** The newest document, whether or not this process may write it. */
  get document(): MeshDocument {
    return this.#document;
  }

  get isLeading(): boolean {
    return this.#parts.lease.isHeld;
  }

  /** Looks once and then goes on in the background. */
  async start(): Promise<void> {
    this.#parts.keeper.adopt(this.#wanted());
    await this.#runRound();
    this.#looping ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#looping;
    await this.#parts.lease.release();
  }

  /** Looks now, so that what was just changed is in the document when it resolves. */
  async refresh(): Promise<void> {
    await this.#round;
    await this.#runRound();
  }

  /** Brings the processes in line with files and overrides, then looks. */
  async apply(): Promise<void> {
    await this.#parts.keeper.reconcile(this.#wanted());
    await this.refresh();
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stopped;
    for (;;) {
      await delay(ROUND_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#runRound();
    }
  }

  #runRound(): Promise<void> {
    this.#round ??= this.#lookAndPublish()
      .catch((error: unknown) =>
        this.#parts.log.error({ err: error }, 'a round failed; the next one tries again'),
      )
      .finally(() => (this.#round = undefined));
    return this.#round;
  }

  async #lookAndPublish(): Promise<void> {
    const { files, keeper } = this.#parts;
    // Not awaited: starting a process takes longer than a round, and the others' states must not wait for it.
    if (await files.refresh()) void keeper.reconcile(this.#wanted());
    const states = await this.#observe();
    const { document, problems } = buildMeshDocument(this.#input(states, this.#document.version));
    this.#logProblems(problems);
    await this.#publish(document);
  }

  async #publish(document: MeshDocument): Promise<void> {
    const { lease, writer } = this.#parts;
    const isLeading = await lease.renew();
    const isChanged = JSON.stringify(document) !== JSON.stringify(this.#document);
    const floor = isLeading && !this.#wasLeading ? await writer.version() : 0;
    const version = Math.max(this.#document.version, floor);
    const isNew = isChanged || version !== this.#document.version || version === 0;
    this.#document = isNew ? { ...document, version: version + 1 } : this.#document;
    if (isLeading && !this.#wasLeading) writer.forget();
    this.#wasLeading = isLeading;
    if (isLeading) await writer.write(this.#document);
  }

  async #observe(): Promise<Record<string, ObservedState>> {
    const { processes, observer } = this.#parts;
    const running = await processes.current();
    const plugins = this.#enabledPlugins();
    const states = await Promise.all(
      plugins.map(async ({ id, http }) => {
        const state = await observer.observe({
          id,
          health: http.health,
          processes: running.filter(({ plugin }) => plugin === id),
          remote: this.#remote(id),
        });
        return [id, state] as const;
      }),
    );
    observer.keepOnly(new Set(states.flatMap(([, state]) => (state.instances ?? []).map(({ id }) => id))));
    return Object.fromEntries(states);
  }

  /** Instances that we did not start: the configuration's URLs, and those that registered. */
  #remote(id: string): Map<string, string> {
    const { config } = this.#parts.files.content;
    const urls = config.pluginSettings[id]?.urls ?? [];
    const registered = this.#parts.registrations.live().filter(({ plugin }) => plugin === id);
    return new Map([
      ...urls.map((url, n) => [`${id}-${n}`, url] as const),
      ...registered.map(({ instance, url }) => [instance, url] as const),
    ]);
  }

  /** The plugins worth looking at: what the files alone keep from running has its state already. */
  #enabledPlugins(): readonly MeshPlugin[] {
    const { plugins } = buildMeshDocument(this.#input({}, 0)).document;
    return plugins.filter(({ enabled, state }) => enabled && state !== 'invalid' && state !== 'skipped');
  }

  #wanted(): WantedPlugin[] {
    const { config, found } = this.#parts.files.content;
    const enabled = new Set(this.#enabledPlugins().map(({ id }) => id));
    return found
      .filter(({ id, manifest }) => enabled.has(id) && manifest !== undefined && manifest.run.length > 0)
      .map((each) => ({ id: each.id, startedFrom: startedFrom(each, config.pluginSettings[each.id]) }));
  }

  #input(states: Record<string, ObservedState>, version: number): DocumentInput {
    const { config, found } = this.#parts.files.content;
    const overrides = readOverrides(config.stateDir);
    return {
      config,
      found,
      states,
      overrides,
      version,
      ports: {},
      registrations: this.#parts.registrations.live(),
    };
  }

  /** Each set of problems once, not every round. */
  #logProblems(problems: readonly MeshError[]): void {
    const text = problems.map(({ code, message }) => `${code} ${message}`).join('\n');
    if (text !== this.#problems && text !== '') this.#parts.log.error(`problems in the mesh\n${text}`);
    this.#problems = text;
  }
}
