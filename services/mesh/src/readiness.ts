import { setTimeout as delay } from 'node:timers/promises';
import type { MeshError } from '@plugmesh/shared/errors';
import type { Manifest } from '@plugmesh/shared/manifest';
import { type ObservedState, pluginFailure } from '@plugmesh/shared/mesh-document';
import type { ManagedProcess } from '@plugmesh/shared/processes';
import { failureError } from './failure-error.ts';
import { PluginObserver } from './plugin-observer.ts';
import type { ProcessList } from './process-list.ts';

/** Processes that have been started, and what breaks the waiting off. */
export interface Awaited {
  readonly list: ProcessList;
  readonly manifest: Manifest;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

const PATIENCE_MS = 40_000;
const POLL_MS = 100;
const LIST_AGE_MS = 500;

/** Resolves to the milliseconds from start to readiness once all are ready; rejects with the reason when one will not be. */
export async function untilReady({ list, manifest, names, signal }: Awaited): Promise<number> {
  const observer = new PluginObserver();
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const processes = (await list.current(LIST_AGE_MS)).filter(({ name }) => names.includes(name));
    const sights = await Promise.all(processes.map((each) => look(observer, manifest, each)));
    const ready = sights.flatMap(({ state, instances = [] }) => (state === 'ready' ? instances : []));
    if (ready.length === names.length) return Math.max(...ready.map(({ readyMs = 0 }) => readyMs));
    const failed = sights.find((sight, n) => isFinal(sight, processes[n]));
    if (failed || performance.now() > giveUpAt) throw errorOf(failed ?? sights.find(hasFailure));
    await delay(POLL_MS, undefined, { signal });
  }
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

function hasFailure({ failure, reason }: ObservedState): boolean {
  return failure !== undefined || reason !== undefined;
}

function errorOf({ failure, reason }: Partial<ObservedState> = {}): MeshError {
  const late = reason ?? `it was not ready within ${PATIENCE_MS / 1000} s`;
  return failureError(failure ?? pluginFailure('MESH_PLUGIN_UNAVAILABLE', late));
}
