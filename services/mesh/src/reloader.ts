import { setTimeout as delay } from 'node:timers/promises';
import { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import type { Manifest } from '@plugmesh/shared/manifest';
import { type PluginFailure, pluginFailure } from '@plugmesh/shared/mesh-document';
import {
  connectionsTo,
  dropNext,
  generationOf,
  type ManagedProcess,
  type Pm2,
  type Preparation,
  processName,
  promoteNext,
  reserveNext,
} from '@plugmesh/shared/processes';
import { failureError, failureOf } from './failure-error.ts';
import type { MeshFiles } from './mesh-files.ts';
import { preparationFailure } from './preparation-failure.ts';
import type { ProcessList } from './process-list.ts';
import { untilReady } from './readiness.ts';
import type { StartGate } from './start-gate.ts';

/** What reloading needs. */
export interface ReloaderParts {
  readonly pm2: Pm2 | undefined;
  readonly list: ProcessList;
  readonly gate: StartGate;
  readonly files: MeshFiles;
  /** Puts the instances that run now into the document; resolves to whether gateways were told. */
  readonly announce: () => Promise<boolean>;
  readonly log: Log;
}

/** How a plugin was reloaded. */
export interface Reloaded {
  /** By a new generation beside the old one, or, where the port is fixed or nothing served, by stopping it first. */
  readonly how: 'generation' | 'restart';
  readonly generation: number;
  /** From start to readiness. */
  readonly readyMs: number;
}

/** Work on one plugin that others wait for. */
interface Work {
  readonly done: Promise<unknown>;
  readonly cancelled: AbortController;
}

const POLL_MS = 100;
/** A gateway hears of a new document within milliseconds; a request that it has just sent needs a little more. */
const GRACE_MS = 500;

/**
 * Replaces what runs of a plugin without a gap: starts the next generation beside it, waits until that is ready, swaps
 * them in the document, lets the old one finish and stops it. When the next one does not get ready, the old one stays.
 */
export class Reloader {
  readonly #parts: ReloaderParts;
  readonly #works = new Map<string, Work>();
  #generations: Readonly<Record<string, number>> = {};

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
  }

  /** Takes up where an earlier mesh process has ended; what that one was about to start is forgotten. */
  start(): void {
    if (this.#parts.pm2) this.#generations = dropNext(this.#parts.files.content.config).generations;
  }

  /** Breaks off what is under way: the next mesh process puts things in order. */
  async stop(): Promise<void> {
    for (const id of this.#works.keys()) this.cancel(id);
    await Promise.allSettled([...this.#works.values()].map(({ done }) => done));
  }

  isReloading(id: string): boolean {
    return this.#works.has(id);
  }

  /** Breaks off the work on a plugin that should not run any more. */
  cancel(id: string): void {
    this.#works.get(id)?.cancelled.abort();
  }

  /** pm2's names of the processes that serve a plugin. */
  names({ name, port, instances }: Manifest): string[] {
    return processNames(name, port === undefined ? instances : 1, this.#generation(name));
  }

  /** Whether a process is of the generation that serves. */
  serves(id: string, name: string): boolean {
    return name.replace(/:\d+$/, '') === processName(id, 0, this.#generation(id));
  }

  /** Replaces what runs of a plugin; one reload of it after the other. Rejects with MESH_RELOAD_FAILED and why. */
  reload(manifest: Manifest, isServing: boolean): Promise<Reloaded> {
    return this.#work(manifest.name, (signal) => this.#reload(manifest, isServing, signal));
  }

  /** Stops processes that an earlier generation has left, once gateways know and their requests have ended. */
  retire(id: string, processes: readonly ManagedProcess[]): Promise<void> {
    return this.#work(id, async (signal) => {
      await this.#untilAnnounced(signal);
      await this.#untilLeft(processes, signal);
      await this.#delete(processes.map(({ name }) => name));
    });
  }

  #work<Result>(id: string, action: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const earlier = this.#works.get(id);
    // What breaks off the first breaks off those that wait for it.
    const cancelled = earlier?.cancelled ?? new AbortController();
    const done = Promise.resolve(earlier?.done.catch(() => undefined))
      .then(() => action(cancelled.signal))
      .catch((error: unknown) => {
        throw cancelled.signal.aborted ? brokenOff(id) : error;
      })
      .finally(() => {
        if (this.#works.get(id)?.done === done) this.#works.delete(id);
      });
    this.#works.set(id, { done, cancelled });
    return done;
  }

  async #reload(manifest: Manifest, isServing: boolean, signal: AbortSignal): Promise<Reloaded> {
    const { pm2, gate, files } = this.#parts;
    if (!pm2) throw new MeshError('MESH_NOT_SUPPORTED', 'this mesh does not start processes itself');
    const prepared = await gate.prepare(files.content.config, manifest, signal);
    if (prepared.state !== 'prepared') throw notPrepared(manifest, prepared);
    return manifest.port === undefined && isServing
      ? this.#replace(pm2, manifest, signal)
      : this.#restart(pm2, manifest, signal);
  }

  /** Processes cannot share a fixed port, and what does not serve is not worth keeping: the old one goes first. */
  async #restart(pm2: Pm2, manifest: Manifest, signal: AbortSignal): Promise<Reloaded> {
    const names = this.names(manifest);
    await this.#delete((await this.#processes(manifest.name)).map(({ name }) => name));
    await pm2.start(names);
    const readyMs = await this.#untilReady(manifest, names, signal).catch((error: unknown) => {
      throw reloadFailed(manifest, failureOf(error), true);
    });
    return { how: 'restart', generation: this.#generation(manifest.name), readyMs };
  }

  async #replace(pm2: Pm2, manifest: Manifest, signal: AbortSignal): Promise<Reloaded> {
    const { name: id } = manifest;
    // While nobody can be told, there is no use in starting.
    await this.#untilAnnounced(signal);
    const { config, found } = this.#parts.files.content;
    const old = await this.#processes(id);
    const ports = reserveNext(config, found, manifest);
    const generation = generationOf(ports, id) + 1;
    const names = processNames(id, ports.next[id]?.length ?? 1, generation);
    let readyMs: number;
    try {
      await pm2.start(names);
      readyMs = await this.#untilReady(manifest, names, signal);
    } catch (error) {
      await this.#delete(names);
      dropNext(config, id);
      throw reloadFailed(manifest, failureOf(error));
    }
    this.#generations = promoteNext(config, id).generations;
    await this.#untilAnnounced(signal);
    await this.#untilLeft(old, signal);
    await this.#delete(old.map(({ name }) => name));
    this.#parts.log.info({ plugin: id, generation }, 'reloaded');
    return { how: 'generation', generation, readyMs };
  }

  async #processes(id: string): Promise<ManagedProcess[]> {
    return (await this.#parts.list.refresh()).filter(({ plugin }) => plugin === id);
  }

  #untilReady(manifest: Manifest, names: readonly string[], signal: AbortSignal): Promise<number> {
    return untilReady({ list: this.#parts.list, manifest, names, signal });
  }

  async #untilAnnounced(signal: AbortSignal): Promise<void> {
    while (!(await this.#parts.announce())) await delay(POLL_MS, undefined, { signal });
  }

  /** Waits until nobody is connected to instances that gateways leave as soon as their requests have ended. */
  async #untilLeft(processes: readonly ManagedProcess[], signal: AbortSignal): Promise<void> {
    await delay(GRACE_MS, undefined, { signal });
    const deadline = performance.now() + this.#parts.files.content.config.gateway.limits.drainMs;
    const ports = processes.flatMap(({ port }) => port ?? []);
    while (connectionsTo(ports) > 0 && performance.now() < deadline)
      await delay(POLL_MS, undefined, { signal });
  }

  /** What cannot be stopped now is found by the next look at what runs. */
  async #delete(names: readonly string[]): Promise<void> {
    const { pm2, list, log } = this.#parts;
    if (names.length > 0)
      await pm2?.delete(...names).catch((error: unknown) => log.warn({ err: error }, 'pm2 stopped not all'));
    await list.refresh();
  }

  #generation(id: string): number {
    return this.#generations[id] ?? 1;
  }
}

function processNames(id: string, count: number, generation: number): string[] {
  return Array.from({ length: count }, (_, index) => processName(id, index, generation));
}

/** The error of a reload: the old version goes on, unless it was stopped first. */
function reloadFailed({ name }: Manifest, why: PluginFailure, isStopped = false): MeshError {
  const what = `the new version of '${name}' did not get ready${isStopped ? '' : '; what runs of it goes on'}`;
  const { code, message, lines, fix } = why;
  const failure = pluginFailure('MESH_RELOAD_FAILED', `${what}: ${code}: ${message}`, { lines, fix });
  return failureError(failure, { stopped: isStopped });
}

/** The error of a reload whose requirements or setup came to nothing. */
export function notPrepared(manifest: Manifest, prepared: Preparation): MeshError {
  const reason = prepared.state === 'prepared' ? undefined : prepared.reason;
  const why = reason === undefined ? undefined : preparationFailure(manifest.name, reason);
  return reloadFailed(manifest, why ?? pluginFailure('MESH_SETUP_FAILED', 'its setup was broken off'));
}

function brokenOff(id: string): MeshError {
  const message = `the reload of '${id}' was broken off, because something newer came in between`;
  return new MeshError('MESH_RELOAD_FAILED', message, { details: { brokenOff: true } });
}
