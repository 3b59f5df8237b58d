import { setTimeout as delay } from 'node:timers/promises';
import { formatProblem, MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import {
  buildMeshDocument,
  failing,
  hasNoCode,
  type MeshDocument,
  type MeshPlugin,
  type ObservedState,
} from '@plugmesh/shared/mesh-document';
import { DocumentPublisher } from './document-publisher.ts';
import type { DocumentWriter } from './document-writer.ts';
import type { HistoryLoader } from './history-loader.ts';
import type { Lease } from './lease.ts';
import type { MeshFiles } from './mesh-files.ts';
import type { PluginObserver } from './plugin-observer.ts';
import { PluginPlan } from './plugin-plan.ts';
import type { ProcessKeeper, WantedPlugin } from './process-keeper.ts';
import type { ProcessList } from './process-list.ts';
import type { Registrations } from './registrations.ts';
import type { RedisUsers } from './redis-users.ts';
import { notPrepared, type Reloaded, type Reloader } from './reloader.ts';
import type { StartGate } from './start-gate.ts';

/** What the control process is made of. */
export interface ControlParts {
  readonly files: MeshFiles;
  readonly registrations: Registrations;
  readonly processes: ProcessList;
  readonly keeper: ProcessKeeper;
  readonly observer: PluginObserver;
  readonly gate: StartGate;
  readonly reloader: Reloader;
  readonly lease: Lease;
  readonly writer: DocumentWriter;
  readonly history: HistoryLoader;
  readonly users: RedisUsers;
  readonly log: Log;
}

const ROUND_MS = 400;
/** pm2 may still be working through its list when we come up: until then, what is missing is about to come. */
const SETTLE_MS = 5_000;

/**
 * Looks at the files, the processes and the registrations, round after round, and publishes one document that follows
 * from them. Every round starts from what is there, so nothing is lost when Redis, pm2 or this process was away.
 */
export class Control {
  readonly #parts: ControlParts;
  readonly #stopped = new AbortController();
  readonly #plan: PluginPlan;
  readonly #publisher: DocumentPublisher;
  #problems = '';
  #startedAt = 0;
  #reconciled: string | undefined;
  #looping: Promise<void> | undefined;
  #round: Promise<void> | undefined;
  #running: ReadonlySet<string | undefined> = new Set();

  constructor(parts: ControlParts) {
    this.#parts = parts;
    const { lease, writer } = parts;
    this.#plan = new PluginPlan(parts, (id) => this.isReady(id));
    this.#publisher = new DocumentPublisher(
      lease,
      writer,
      buildMeshDocument(this.#plan.input({}, 0)).document,
    );
  }

  /** The newest document, whether or not this process may write it. */
  get document(): MeshDocument {
    return this.#publisher.current;
  }

  get isLeading(): boolean {
    return this.#publisher.isLeading;
  }

  /** Whether an instance of a plugin serves. */
  isReady(id: string): boolean {
    return this.document.plugins.some((plugin) => plugin.id === id && plugin.state === 'ready');
  }

  /** Looks once and then goes on in the background. */
  async start(): Promise<void> {
    this.#startedAt = performance.now();
    this.#parts.reloader.start();
    this.#parts.gate.adopt((await this.#parts.processes.current()).flatMap(({ plugin }) => plugin ?? []));
    this.#updateGate();
    this.#parts.keeper.adopt(this.#plan.wanted());
    await this.#runRound();
    this.#looping ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    const { keeper, reloader, gate } = this.#parts;
    await Promise.all([keeper.stop(), reloader.stop(), gate.stop(), this.#looping]);
    await this.#publisher.stop();
  }

  /** Looks now, so that what was just changed is in the document when it resolves. */
  async refresh(): Promise<void> {
    await this.#round;
    await this.#runRound();
  }

  /** Brings the processes in line with files and overrides, then looks. */
  async apply(): Promise<void> {
    this.#updateGate();
    await this.#parts.keeper.reconcile(this.#plan.wanted());
    await this.refresh();
  }

  /** Looks now. Resolves to whether the document that follows is in Redis, so that gateways have heard of it. */
  async announce(): Promise<boolean> {
    await this.refresh();
    return this.#publisher.isWritten;
  }

  /** Replaces what runs of a plugin by what its files say now. */
  async reload(id: string): Promise<Reloaded | undefined> {
    const { processes, files, gate, keeper } = this.#parts;
    const plugin = this.document.plugins.find((each) => each.id === id);
    if (!plugin) throw new MeshError('MESH_PLUGIN_UNKNOWN', `no plugin is named '${id}'`);
    const manifest = this.#plan.localManifests().find(({ name }) => name === id);
    if (!processes.isManaged || !manifest) throw notReloadable(plugin);
    const wanted = this.#plan.wanted().find((each) => each.id === id);
    if (wanted && this.#running.has(id)) return keeper.reload(wanted);
    const prepared = await gate.prepare(files.content.config, manifest);
    if (prepared.state !== 'prepared') throw notPrepared(manifest, prepared);
    await this.apply();
    return undefined;
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
    if (await this.#parts.files.refresh()) this.#updateGate();
    this.#reconcileWhenChanged();
    const states = await this.#observe();
    const { document, problems } = buildMeshDocument({
      ...this.#plan.input(states, this.document.version),
      middleware: this.document.middleware,
    });
    this.#logProblems(problems);
    await this.#publisher.publish(document);
    if (this.isLeading) await this.#keepRedis();
  }

  /** What plugins find in Redis: the function for durable topics, and a user each. */
  async #keepRedis(): Promise<void> {
    const { history, users, files } = this.#parts;
    await history.load(this.document.topics);
    const { config } = files.content;
    await users.keep({ config, document: this.document, streams: history.streams });
  }

  #reconcileWhenChanged(): void {
    const wanted = this.#plan.wanted();
    const key = JSON.stringify(wanted.map(({ id, startedFrom }) => [id, startedFrom]));
    const isSettling = this.#isSettling(wanted);
    this.#reconciled ??= isSettling ? undefined : '';
    if (isSettling || (key === this.#reconciled && !this.#parts.keeper.isRetryDue)) return;
    this.#reconciled = key;
    // Not awaited: starting a process takes longer than a round, and the others' states must not wait for it.
    void this.#parts.keeper.reconcile(wanted);
  }

  #isSettling(wanted: readonly WantedPlugin[]): boolean {
    if (performance.now() - this.#startedAt > SETTLE_MS) return false;
    return this.#reconciled === undefined && wanted.some(({ id }) => !this.#running.has(id));
  }

  #updateGate(): void {
    const { gate, files, processes } = this.#parts;
    if (processes.isManaged) gate.update(files.content.config, this.#plan.localManifests());
  }

  async #observe(): Promise<Record<string, ObservedState>> {
    const { processes, observer, keeper, reloader } = this.#parts;
    const running = await processes.current();
    this.#running = new Set(running.map(({ plugin }) => plugin));
    const plugins = this.#plan.enabled();
    const states = await Promise.all(
      plugins.map(async ({ id, http }) => {
        const blocked = this.#plan.blocker(id);
        if (blocked) return [id, blocked] as const;
        const state = await observer.observe({
          id,
          health: http.health,
          // Not those of a generation that a reload is about to start, or to stop.
          processes: running.filter(({ plugin, name }) => plugin === id && reloader.serves(id, name)),
          remote: this.#plan.remote(id),
        });
        if (state.state === 'stopped' && keeper.isStarting(id)) return [id, { state: 'starting' }] as const;
        const failure = keeper.failure(id);
        return [id, failure === undefined ? state : { ...state, ...failing(failure) }] as const;
      }),
    );
    observer.keepOnly(new Set(states.flatMap(([, state]) => (state.instances ?? []).map(({ id }) => id))));
    return Object.fromEntries(states);
  }

  /** Each set of problems once, not every round. */
  #logProblems(problems: readonly MeshError[]): void {
    const text = problems.map(formatProblem).join('\n');
    if (text !== this.#problems && text !== '') this.#parts.log.error(`problems in the mesh\n${text}`);
    this.#problems = text;
  }
}

function notReloadable(plugin: MeshPlugin): MeshError {
  const { id, source, enabled, state } = plugin;
  if (!enabled || state === 'invalid')
    return new MeshError('MESH_RELOAD_FAILED', `'${id}' is ${enabled ? state : 'disabled'}`, {
      fix: enabled ? 'correct its manifest: the mesh then starts it by itself' : `./plugmesh enable ${id}`,
    });
  if (hasNoCode(plugin))
    return new MeshError('MESH_NOT_SUPPORTED', `'${id}' has no code that could be reloaded`, {
      fix: 'edit its manifest: the mesh reads it by itself',
    });
  const where = source === 'manifest' ? 'by what runs this mesh' : 'elsewhere';
  return new MeshError('MESH_NOT_SUPPORTED', `'${id}' is started ${where}, not by plugmesh`, {
    fix: `restart it there; with containers: docker compose up --build -d ${id}`,
  });
}
