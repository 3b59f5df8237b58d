import { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import type { Manifest } from '@plugmesh/shared/manifest';
import { isAlive, type ManagedProcess, type Pm2, PLUGIN_STOP_MS } from '@plugmesh/shared/processes';
import type { ProcessList } from './process-list.ts';
import type { Reloaded, Reloader } from './reloader.ts';

/** A local plugin that should run. */
export interface WantedPlugin {
  readonly id: string;
  readonly manifest: Manifest;
  /** Everything that its processes depend on, as text that is compared. */
  readonly startedFrom: string;
}

/** Starts, stops and reloads the local plugins' processes, so that pm2 runs what the files ask for. */
export class ProcessKeeper {
  readonly #pm2: Pm2 | undefined;
  readonly #list: ProcessList;
  readonly #reloader: Reloader;
  readonly #log: Log;
  /** What each plugin's processes were started from. */
  readonly #known = new Map<string, string>();
  readonly #failures = new Map<string, string>();
  readonly #starting = new Set<string>();
  #wanted: readonly WantedPlugin[] = [];
  #work: Promise<void> = Promise.resolve();

  constructor(pm2: Pm2 | undefined, list: ProcessList, reloader: Reloader, log: Log) {
    this.#pm2 = pm2;
    this.#list = list;
    this.#reloader = reloader;
    this.#log = log;
  }

  /** Takes what runs as what was asked for: at the start, pm2 is still busy with the same list. */
  adopt(wanted: readonly WantedPlugin[]): void {
    for (const { id, startedFrom } of wanted) this.#known.set(id, startedFrom);
  }

  /** Why a plugin that serves does so in an older version than the files ask for. */
  failure(id: string): string | undefined {
    return this.#failures.get(id);
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
      const reloaded = await this.#reloader.reload(manifest);
      this.#failures.delete(id);
      return reloaded;
    } catch (error) {
      this.#failures.set(id, error instanceof MeshError ? `${error.code}: ${error.message}` : String(error));
      throw error;
    } finally {
      // What was asked for meanwhile has waited.
      void this.reconcile(this.#wanted);
    }
  }

  async #reconcile(): Promise<void> {
    if (!this.#pm2) return;
    const processes = await this.#list.refresh();
    for (const { name, pid } of processes.filter((each) => this.#isSurplus(each)))
      await this.#try(`stop '${name}'`, (pm2) => this.#stop(pm2, name, pid));
    for (const wanted of this.#wanted) await this.#bringInLine(wanted);
    for (const id of this.#known.keys())
      if (!this.#wanted.some((each) => each.id === id)) this.#known.delete(id);
    await this.#list.refresh();
    this.#starting.clear();
  }

  /** What runs of a plugin that is gone, or should not run beside the rest. A reload stops its own. */
  #isSurplus({ plugin, name }: ManagedProcess): boolean {
    if (plugin === undefined || this.#reloader.isReloading(plugin)) return false;
    const wanted = this.#wanted.find(({ id }) => id === plugin);
    if (!wanted) return true;
    return !this.#isStale(wanted) && !this.#reloader.names(wanted.manifest).includes(name);
  }

  #isStale({ id, startedFrom }: WantedPlugin): boolean {
    return this.#known.has(id) && this.#known.get(id) !== startedFrom;
  }

  async #bringInLine(wanted: WantedPlugin): Promise<void> {
    const { id, manifest, startedFrom } = wanted;
    const processes = await this.#list.current();
    if (this.#reloader.isReloading(id)) return;
    if (this.#isStale(wanted) && processes.some(({ plugin }) => plugin === id)) {
      // Not awaited: it takes as long as the plugin takes to start, and the others must not wait for it.
      void this.reload(wanted).catch((error: unknown) =>
        this.#log.error({ err: error }, `'${id}' was not reloaded`),
      );
      return;
    }
    this.#known.set(id, startedFrom);
    if (this.#missing(manifest, processes).length === 0) return;
    // pm2 would start a process anew that it runs already: the list must be today's.
    const missing = this.#missing(manifest, await this.#list.refresh());
    if (missing.length === 0 || this.#reloader.isReloading(id)) return;
    this.#failures.delete(id);
    await this.#try(`start '${id}'`, (pm2) => pm2.start(missing));
  }

  #missing(manifest: Manifest, processes: readonly ManagedProcess[]): string[] {
    return this.#reloader.names(manifest).filter((name) => !processes.some((each) => each.name === name));
  }

  async #stop(pm2: Pm2, name: string, pid: number | undefined): Promise<void> {
    const late = setTimeout(() => {
      if (pid === undefined || !isAlive(pid)) return;
      const text = `'${name}' (process ${pid}) has not stopped within ${PLUGIN_STOP_MS / 1000} s and is killed`;
      this.#log.error(`MESH_PLUGIN_NOT_STOPPING: ${text}`);
    }, PLUGIN_STOP_MS);
    await pm2.delete(name).finally(() => clearTimeout(late));
  }

  async #try(what: string, action: (pm2: Pm2) => Promise<void>): Promise<void> {
    if (!this.#pm2) return;
    try {
      await action(this.#pm2);
      this.#log.info(`pm2: ${what}`);
    } catch (error) {
      this.#log.error({ err: error }, `pm2 could not ${what}`);
    }
  }
}
