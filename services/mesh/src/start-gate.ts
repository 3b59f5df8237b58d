import type { Config } from '@plugmesh/shared/config';
import type { Log } from '@plugmesh/shared/log';
import type { Manifest } from '@plugmesh/shared/manifest';
import { failing, type ObservedState } from '@plugmesh/shared/mesh-document';
import { prepare, preparation, type Preparation } from '@plugmesh/shared/processes';
import { preparationFailure } from './preparation-failure.ts';

/**
 * Says which local plugins may be started: those that are set up, once what they depend on has been ready. Setups run
 * here in the background, so that a slow build holds nobody up.
 */
export class StartGate {
  readonly #log: Log;
  readonly #preparations = new Map<string, Preparation>();
  readonly #preparing = new Map<string, { readonly done: Promise<Preparation>; readonly stop: () => void }>();
  readonly #steps = new Map<string, string>();
  readonly #released = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes plugins that run already as let through: what is to be set up for them anew is for a reload. */
  adopt(ids: Iterable<string>): void {
    for (const id of ids) this.#released.add(id);
  }

  /** Takes the manifests that should run; sets up in the background what needs it and does not run, and nothing else. */
  update(config: Config, manifests: readonly Manifest[]): void {
    const names = new Set(manifests.map(({ name }) => name));
    for (const name of this.#released) if (!names.has(name)) this.#released.delete(name);
    for (const [name, { stop }] of this.#preparing) if (!names.has(name)) stop();
    for (const manifest of manifests.filter(({ name }) => !this.#released.has(name))) {
      const isNew = !this.#preparations.has(manifest.name);
      const known = preparation(config, manifest);
      this.#preparations.set(manifest.name, known);
      // What failed or was missing the last time is tried again by the next mesh.
      if (known.state === 'needed' || (isNew && known.state !== 'prepared'))
        void this.prepare(config, manifest);
    }
  }

  /** How a plugin is that may not be started yet; undefined when it may. */
  blocker({ name, dependsOn }: Manifest, isReady: (id: string) => boolean): ObservedState | undefined {
    // It stays when a dependency goes away later, or a setup fails: every plugin has to live with that.
    if (this.#released.has(name)) return undefined;
    const known = this.#preparations.get(name) ?? { state: 'needed' };
    if (this.#preparing.has(name) || known.state === 'needed') {
      const step = this.#steps.get(name);
      const reason = step === undefined ? 'its setup runs' : `its setup runs: ${step}`;
      return { state: 'starting', reason, instances: [] };
    }
    if (known.state !== 'prepared') {
      const state = known.state === 'skipped' ? 'skipped' : 'unready';
      return { state, ...failing(preparationFailure(name, known.reason)), instances: [] };
    }
    const missing = dependsOn.filter((id) => !isReady(id));
    if (missing.length > 0) {
      return { state: 'starting', reason: `it waits for ${missing.join(', ')}`, instances: [] };
    }
    this.#released.add(name);
    return undefined;
  }

  /** Sets a plugin up, unless that has been done; calls at the same time share one setup. Never rejects. */
  prepare(config: Config, manifest: Manifest, signal?: AbortSignal): Promise<Preparation> {
    const { name } = manifest;
    const running = this.#preparing.get(name);
    if (running) return running.done;
    const stopped = new AbortController();
    const stop = (): void => stopped.abort();
    signal?.addEventListener('abort', stop);
    const done = this.#prepare(config, manifest, stopped.signal).finally(() => {
      signal?.removeEventListener('abort', stop);
      this.#preparing.delete(name);
      this.#steps.delete(name);
    });
    this.#preparing.set(name, { done, stop });
    return done;
  }

  /** Breaks off the setups that run. */
  async stop(): Promise<void> {
    const running = [...this.#preparing.values()];
    for (const { stop } of running) stop();
    await Promise.all(running.map(({ done }) => done));
  }

  async #prepare(config: Config, manifest: Manifest, stopped: AbortSignal): Promise<Preparation> {
    const { name } = manifest;
    const result = await prepare(config, manifest, {
      stopped,
      onStep: (step) => {
        this.#steps.set(name, step);
        this.#log.info({ plugin: name }, `sets up: ${step}`);
      },
    }).catch((error: unknown): Preparation => {
      this.#log.error({ err: error, plugin: name }, 'the setup failed');
      return { state: 'failed', reason: `MESH_SETUP_FAILED ${String(error)}` };
    });
    this.#preparations.set(name, result);
    return result;
  }
}
