import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '@plugmesh/shared/config';
import { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import type { Manifest } from '@plugmesh/shared/manifest';
import type { ObservedState } from '@plugmesh/shared/mesh-document';
import {
  connectionsTo,
  dropNext,
  generationOf,
  type ManagedProcess,
  type Pm2,
  processName,
  promoteNext,
  readPorts,
  reserveNext,
} from '@plugmesh/shared/processes';
import type { MeshFilesContent } from './mesh-files.ts';
import { PluginObserver } from './plugin-observer.ts';
import type { ProcessList } from './process-list.ts';
import type { StartGate } from './start-gate.ts';

/** What reloading needs. */
export interface ReloaderParts {
  readonly pm2: Pm2 | undefined;
  readonly list: ProcessList;
  readonly gate: StartGate;
  readonly files: () => MeshFilesContent;
  /** Puts the instances that run now into the document; resolves to whether gateways were told. */
  readonly announce: () => Promise<boolean>;
  readonly log: Log;
}

/** How a plugin was reloaded. */
export interface Reloaded {
  /** By a new generation beside the old one, or, where the port is fixed, by stopping it first. */
  readonly how: 'generation' | 'restart';
  readonly generation: number;
  /** From start to readiness. */
  readonly readyMs: number;
}

const PATIENCE_MS = 40_000;
const POLL_MS = 100;
const LIST_AGE_MS = 500;
/** A gateway hears of a new document within milliseconds; a request that it has just sent needs a little more. */
const GRACE_MS = 500;

/**
 * Replaces what runs of a plugin without a gap: starts the next generation beside it, waits until that is ready, swaps
 * them in the document, lets the old one finish and stops it. When the next one does not get ready, the old one stays.
 */
export class Reloader {
  readonly #parts: ReloaderParts;
  readonly #stopped = new AbortController();
  readonly #running = new Map<string, Promise<Reloaded>>();
  #generations: Readonly<Record<string, number>> = {};

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
  }

  /** Takes up where an earlier mesh process has ended; what that one was about to start is forgotten. */
  start(): void {
    if (this.#parts.pm2) this.#generations = dropNext(this.#parts.files().config).generations;
  }

  stop(): void {
    this.#stopped.abort();
  }

  isReloading(id: string): boolean {
    return this.#running.has(id);
  }

  /** pm2's names of the processes that serve a plugin. */
  names({ name, port, instances }: Manifest): string[] {
    const generation = this.#generations[name] ?? 1;
    return processNames(name, port === undefined ? instances : 1, generation);
  }

  /** Replaces what runs of a plugin; one reload of it after the other. Rejects with MESH_RELOAD_FAILED and why. */
  reload(manifest: Manifest): Promise<Reloaded> {
    const { name } = manifest;
    const earlier = this.#running.get(name)?.catch(() => undefined) ?? Promise.resolve();
    const work = earlier
      .then(() => this.#reload(manifest))
      .finally(() => {
        if (this.#running.get(name) === work) this.#running.delete(name);
      });
    this.#running.set(name, work);
    return work;
  }

  async #reload(manifest: Manifest): Promise<Reloaded> {
    const { pm2, gate, files } = this.#parts;
    if (!pm2) throw new MeshError('MESH_NOT_SUPPORTED', 'this mesh does not start processes itself');
    const prepared = await gate.prepare(files().config, manifest);
    if (prepared.state !== 'prepared')
      throw failed(manifest, 'reason' in prepared ? prepared.reason : 'its setup was broken off');
    return manifest.port === undefined ? this.#replace(pm2, manifest) : this.#restart(pm2, manifest);
  }

  /** Processes cannot share a fixed port: the old one goes first, and until the new one listens there is a gap. */
  async #restart(pm2: Pm2, manifest: Manifest): Promise<Reloaded> {
    const names = this.names(manifest);
    await pm2.delete(...names).catch(() => undefined);
    await pm2.start(names);
    return { how: 'restart', generation: 1, readyMs: await this.#untilReady(manifest, names) };
  }

  async #replace(pm2: Pm2, manifest: Manifest): Promise<Reloaded> {
    const { name: id } = manifest;
    // While nobody can be told, there is no use in starting.
    while (!(await this.#parts.announce())) await this.#pause();
    const { config, found } = this.#parts.files();
    const old = await this.#runningNames(id);
    const oldPorts = readPorts(config).plugins[id] ?? [];
    const ports = reserveNext(config, found, manifest);
    const generation = generationOf(ports, id) + 1;
    const names = processNames(id, ports.next[id]?.length ?? 1, generation);
    let readyMs: number;
    try {
      await pm2.start(names);
      readyMs = await this.#untilReady(manifest, names);
    } catch (error) {
      await pm2.delete(...names).catch(() => undefined);
      dropNext(config, id);
      throw error;
    }
    this.#generations = promoteNext(config, id).generations;
    while (!(await this.#parts.announce())) await this.#pause();
    await this.#untilLeft(config, oldPorts);
    if (old.length > 0) await pm2.delete(...old);
    this.#parts.log.info({ plugin: id, generation }, 'reloaded');
    return { how: 'generation', generation, readyMs };
  }

  async #runningNames(id: string): Promise<string[]> {
    const processes = await this.#parts.list.refresh();
    return processes.filter(({ plugin }) => plugin === id).map(({ name }) => name);
  }

  /** Resolves to how long it took, in milliseconds. */
  async #untilReady(manifest: Manifest, names: readonly string[]): Promise<number> {
    const observer = new PluginObserver();
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const all = await this.#parts.list.current(LIST_AGE_MS);
      const processes = all.filter(({ name }) => names.includes(name));
      const sights = await Promise.all(processes.map((each) => look(observer, manifest, each)));
      const instances = sights.flatMap((sight) => (sight.state === 'ready' ? (sight.instances ?? []) : []));
      if (instances.length === names.length) return Math.max(...instances.map(({ readyMs = 0 }) => readyMs));
      const failure = sights.find((sight, n) => isFinal(sight, processes[n]));
      if (failure || performance.now() > giveUpAt)
        throw failed(
          manifest,
          failure?.reason ?? sights.find(({ reason }) => reason)?.reason ?? 'it took too long',
        );
      await this.#pause();
    }
  }

  /** Waits until nobody is connected to the old instances, which gateways leave as soon as their requests have ended. */
  async #untilLeft({ gateway }: Config, ports: readonly number[]): Promise<void> {
    await this.#pause(GRACE_MS);
    const deadline = performance.now() + gateway.limits.drainMs;
    while (connectionsTo(ports) > 0 && performance.now() < deadline) await this.#pause();
  }

  /** Rejects when mesh stops: the next mesh process puts things in order. */
  #pause(ms = POLL_MS): Promise<void> {
    return delay(ms, undefined, { signal: this.#stopped.signal });
  }
}

function processNames(id: string, count: number, generation: number): string[] {
  return Array.from({ length: count }, (_, index) => processName(id, index, generation));
}

function look(observer: PluginObserver, manifest: Manifest, process: ManagedProcess): Promise<ObservedState> {
  const { name: id, http } = manifest;
  return observer.observe({ id, health: http.health, processes: [process], remote: new Map() });
}

/** It has ended, or says that it will not work; one that answers 503 may only be warming up. */
function isFinal({ state }: ObservedState, process: ManagedProcess | undefined): boolean {
  if (state === 'disabled') return true;
  const hasEnded = process?.pid === undefined || process.restarts > 0;
  return state === 'unready' && hasEnded && process?.status !== 'launching';
}

function failed({ name, port }: Manifest, reason: string): MeshError {
  const goesOn = port === undefined ? '; the one that runs goes on' : '';
  return new MeshError(
    'MESH_RELOAD_FAILED',
    `the new version of '${name}' did not get ready${goesOn}: ${reason}`,
  );
}
