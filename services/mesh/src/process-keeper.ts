import { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import type { Manifest } from '@plugmesh/shared/manifest';
import { type PluginFailure, pluginFailure } from '@plugmesh/shared/mesh-document';
import {
  isAlive,
  type ManagedProcess,
  meshPorts,
  type Pm2,
  PLUGIN_STOP_MS,
} from '@plugmesh/shared/processes';
import { failureOf } from './failure-error.ts';
import type { MeshFiles } from './mesh-files.ts';
import type { ProcessList } from './process-list.ts';
import type { Reloaded, Reloader } from './reloader.ts';

/** A local plugin that should run. */
export interface WantedPlugin {
  readonly id: string;
  readonly manifest: Manifest;
  /** Everything that its processes depend on, as text that is compared. */
  readonly startedFrom: string;
}

/** What keeping needs. */
export interface ProcessKeeperParts {
  readonly pm2: Pm2 | undefined;
  readonly list: ProcessList;
  readonly reloader: Reloader;
  readonly files: MeshFiles;
  /** Whether an instance of a plugin serves now. */
  readonly isReady: (id: string) => boolean;
  readonly log: Log;
}

const RETRY_MS = 5_000;
const SEE_LOG = 'see ./plugmesh logs mesh; it is tried again in some seconds';

/** Starts, stops and reloads the local plugins' processes, so that pm2 runs what the files ask for. */
export class ProcessKeeper {
  readonly #parts: ProcessKeeperParts;
  /** What each plugin's processes were started from. */
  readonly #known = new Map<string, string>();
  readonly #failures = new Map<string, PluginFailure>();
  readonly #starting = new Set<string>();
  #wanted: readonly WantedPlugin[] = [];
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;
  #retryAt = Number.POSITIVE_INFINITY;

  constructor(parts: ProcessKeeperParts) {
    this.#parts = parts;
  }

  /** Takes what runs as what was asked for: at the start, pm2 is still busy with the same list. */
  adopt(wanted: readonly WantedPlugin[]): void {
    this.#wanted = wanted;
    for (const { id, startedFrom } of wanted) this.#known.set(id, startedFrom);
  }

  /** Leaves everything as it is from now on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#work;
  }

  /** Why a plugin that serves does so in an older version than the files ask for. */
  failure(id: string): PluginFailure | undefined {
    return this.#failures.get(id);
  }

  /** A process could not be started some seconds ago, for instance because the configuration was broken then. */
  get isRetryDue(): boolean {
    return performance.now() > this.#retryAt;
  }

  /** It is about to be started, so that it is no surprise when nothing of it runs. */
  isStarting(id: string): boolean {
    return this.#starting.has(id);
  }

  /** Brings pm2 in line; one change after the other. A plugin that fails harms no other. */
  reconcile(wanted: readonly WantedPlugin[]): Promise<void> {
    this.#wanted = wanted;
    for (const { id } of wanted) if (!this.#known.has(id)) this.#starting.add(id);
    this.#work = this.#work.then(() => this.#reconcile());
    return this.#work;
  }

  /** Replaces what runs of a plugin. Rejects with MESH_RELOAD_FAILED and why. */
  async reload({ id, manifest, startedFrom }: WantedPlugin): Promise<Reloaded> {
    this.#known.set(id, startedFrom);
    try {
      const reloaded = await this.#parts.reloader.reload(manifest, this.#parts.isReady(id));
      this.#failures.delete(id);
      return reloaded;
    } catch (error) {
      const { brokenOff = false, stopped = false } = error instanceof MeshError ? error.details : {};
      // What runs now was started from something else: the next look at it brings it in line.
      if (brokenOff === true) this.#known.set(id, '');
      // Where the old one was stopped first, what is seen of the new one says more.
      else if (stopped !== true) this.#failures.set(id, failureOf(error));
      throw error;
    } finally {
      // What was asked for meanwhile has waited.
      void this.reconcile(this.#wanted);
    }
  }

  async #reconcile(): Promise<void> {
    const { pm2, list, reloader } = this.#parts;
    if (!pm2 || this.#isStopped) return;
    this.#retryAt = Number.POSITIVE_INFINITY;
    for (const [id, processes] of byPlugin(await list.refresh())) {
      if (this.#wanted.some((each) => each.id === id)) continue;
      if (reloader.isReloading(id)) {
        reloader.cancel(id);
        continue;
      }
      for (const each of processes) await this.#try(`stop '${each.name}'`, () => this.#stop(pm2, each));
      this.#known.delete(id);
      this.#failures.delete(id);
    }
    for (const wanted of this.#wanted) await this.#bringInLine(pm2, wanted);
    await list.refresh();
    this.#starting.clear();
  }

  async #bringInLine(pm2: Pm2, wanted: WantedPlugin): Promise<void> {
    const { list, reloader, log } = this.#parts;
    const { id, manifest, startedFrom } = wanted;
    const isOwn = ({ plugin }: ManagedProcess): boolean => plugin === id;
    const own = (await list.current()).filter(isOwn);
    if (reloader.isReloading(id)) {
      // The newest edit counts, not one that is still waited for.
      if (this.#isStale(wanted)) reloader.cancel(id);
      return;
    }
    // Not awaited: it takes as long as the plugin takes to start, and the others must not wait for it.
    const background = (work: Promise<unknown>): void =>
      void work.catch((error: unknown) => log.error({ err: error }, `'${id}' was not brought in line`));
    if (own.length > 0 && this.#isStale(wanted)) {
      background(this.reload(wanted));
      return;
    }
    this.#known.set(id, startedFrom);
    const surplus = own.filter(({ name }) => !reloader.serves(id, name));
    if (surplus.length > 0) {
      background(reloader.retire(id, surplus));
      return;
    }
    // What a failed reload has left serves as it is: it is of an older version.
    if (this.#missing(manifest, own).length === 0 || (own.length > 0 && this.#failures.has(id))) return;
    // pm2 would start a process anew that it runs already: the list must be today's.
    const missing = this.#missing(manifest, (await list.refresh()).filter(isOwn));
    if (missing.length === 0 || reloader.isReloading(id)) return;
    const problem = await this.#try(`start '${id}'`, () => this.#start(pm2, missing));
    if (problem === undefined) this.#failures.delete(id);
    else {
      this.#failures.set(id, problem);
      this.#retryAt = performance.now() + RETRY_MS;
    }
  }

  #isStale({ id, startedFrom }: WantedPlugin): boolean {
    return this.#known.has(id) && this.#known.get(id) !== startedFrom;
  }

  #missing(manifest: Manifest, processes: readonly ManagedProcess[]): string[] {
    const names = this.#parts.reloader.names(manifest);
    return names.filter((name) => !processes.some((each) => each.name === name));
  }

  async #start(pm2: Pm2, names: readonly string[]): Promise<void> {
    const { config, found } = this.#parts.files.content;
    // pm2 reads the ports; we alone give them out.
    meshPorts(config, found);
    await pm2.start(names);
  }

  async #stop(pm2: Pm2, { name, pid }: ManagedProcess): Promise<void> {
    const late = setTimeout(() => {
      if (pid === undefined || !isAlive(pid)) return;
      const text = `'${name}' (process ${pid}) has not stopped within ${PLUGIN_STOP_MS / 1000} s and is killed`;
      this.#parts.log.error(`MESH_PLUGIN_NOT_STOPPING: ${text}`);
    }, PLUGIN_STOP_MS);
    await pm2.delete(name).finally(() => clearTimeout(late));
  }

  /** Resolves to why it failed, if it did. */
  async #try(what: string, action: () => Promise<void>): Promise<PluginFailure | undefined> {
    try {
      await action();
      this.#parts.log.info(`pm2: ${what}`);
      return undefined;
    } catch (error) {
      this.#parts.log.error({ err: error }, `pm2 could not ${what}`);
      const { code, message, lines } = failureOf(error);
      return pluginFailure(code, `pm2 could not ${what}: ${message}`, { lines, fix: SEE_LOG });
    }
  }
}

function byPlugin(processes: readonly ManagedProcess[]): Map<string, ManagedProcess[]> {
  const plugins = processes.filter(({ plugin }) => plugin !== undefined);
  return Map.groupBy(plugins, ({ plugin = '' }) => plugin);
}
