import { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import type { Manifest } from '@plugmesh/shared/manifest';
import {
  isAlive,
  type ManagedProcess,
  type Pm2,
  PLUGIN_STOP_MS,
  processName,
} from '@plugmesh/shared/processes';
import type { ProcessList } from './process-list.ts';

/** A local plugin that should run. */
export interface WantedPlugin {
  readonly id: string;
  /** pm2's names of its processes. */
  readonly names: readonly string[];
  /** Everything that its processes depend on, as text that is compared. */
  readonly startedFrom: string;
}

/** Starts, stops and starts anew the local plugins' processes, so that pm2 runs what the files ask for. */
export class ProcessKeeper {
  readonly #pm2: Pm2 | undefined;
  readonly #list: ProcessList;
  readonly #log: Log;
  #known = new Map<string, string>();
  #work: Promise<void> = Promise.resolve();

  constructor(pm2: Pm2 | undefined, list: ProcessList, log: Log) {
    this.#pm2 = pm2;
    this.#list = list;
    this.#log = log;
  }

  /** Takes what runs as what was asked for: at the start, pm2 is still busy with the same list. */
  adopt(wanted: readonly WantedPlugin[]): void {
    this.#known = byId(wanted);
  }

  /** Brings pm2 in line; one change after the other. A plugin that fails harms no other. */
  reconcile(wanted: readonly WantedPlugin[]): Promise<void> {
    this.#work = this.#work.then(() => this.#reconcile(wanted));
    return this.#work;
  }

  async #reconcile(plugins: readonly WantedPlugin[]): Promise<void> {
    if (!this.#pm2) return;
    const wanted = byId(plugins);
    const processes = await this.#list.refresh();
    const running = pluginNames(processes);
    const isStale = (id: string): boolean => this.#known.has(id) && this.#known.get(id) !== wanted.get(id);
    for (const [id, names] of running) {
      if (wanted.has(id) && !isStale(id)) continue;
      for (const name of names) {
        const pid = processes.find((each) => each.name === name)?.pid;
        await this.#try(`stop '${name}'`, (pm2) => this.#stop(pm2, name, pid));
      }
    }
    for (const { id, names } of plugins) {
      if (running.has(id) && !isStale(id)) continue;
      await this.#try(`start '${id}'`, (pm2) => pm2.start(names));
    }
    this.#known = wanted;
    await this.#list.refresh();
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
    if (!this.#pm2) throw new MeshError('MESH_NOT_SUPPORTED', 'this mesh does not start processes itself');
    try {
      await action(this.#pm2);
      this.#log.info(`pm2: ${what}`);
    } catch (error) {
      this.#log.error({ err: error }, `pm2 could not ${what}`);
    }
  }
}

/** A plugin to be run as its manifest and settings say. */
export function wantedPlugin(manifest: Manifest, settings: unknown): WantedPlugin {
  const { name: id, run, port, instances, folder } = manifest;
  // Processes cannot share a fixed port.
  const count = port === undefined ? instances : 1;
  return {
    id,
    names: Array.from({ length: count }, (_, index) => processName(id, index)),
    startedFrom: JSON.stringify([run, port, instances, folder, settings]),
  };
}

function byId(wanted: readonly WantedPlugin[]): Map<string, string> {
  return new Map(wanted.map(({ id, startedFrom: from }) => [id, from]));
}

function pluginNames(processes: readonly ManagedProcess[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const { plugin, name } of processes) {
    if (plugin === undefined) continue;
    names.set(plugin, (names.get(plugin) ?? new Set()).add(name));
  }
  return names;
}
