import type { Config } from '@plugmesh/shared/config';
import type { Log } from '@plugmesh/shared/log';
import type { Manifest } from '@plugmesh/shared/manifest';
import type { ObservedState } from '@plugmesh/shared/mesh-document';
import { prepare, preparation, type Preparation } from '@plugmesh/shared/processes';

/** Says which local plugins may be started: those that are set up, once what they depend on has been ready. */
export class StartGate {
  readonly #log: Log;
  readonly #preparations = new Map<string, Preparation>();
  readonly #preparing = new Set<string>();
  readonly #released = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes the manifests that should run; sets up in the background what needs it. */
  update(config: Config, manifests: readonly Manifest[]): void {
    for (const manifest of manifests) {
      const known = preparation(config, manifest);
      this.#preparations.set(manifest.name, known);
      if (known.state === 'needed') void this.#prepare(config, manifest);
    }
  }

  /** How a plugin is that may not be started yet; undefined when it may. */
  blocker({ name, dependsOn }: Manifest, isReady: (id: string) => boolean): ObservedState | undefined {
    const known = this.#preparations.get(name) ?? { state: 'needed' };
    if (known.state === 'needed') return { state: 'starting', reason: 'its setup runs', instances: [] };
    if (known.state !== 'prepared') {
      const state = known.state === 'skipped' ? 'skipped' : 'unready';
      return { state, reason: known.reason, instances: [] };
    }
    const missing = dependsOn.filter((id) => !isReady(id));
    // It stays when a dependency goes away later: every plugin has to live with that.
    if (missing.length === 0) this.#released.add(name);
    if (this.#released.has(name)) return undefined;
    return { state: 'starting', reason: `it waits for ${missing.join(', ')}`, instances: [] };
  }

  async #prepare(config: Config, manifest: Manifest): Promise<void> {
    const { name } = manifest;
    if (this.#preparing.has(name)) return;
    this.#preparing.add(name);
    try {
      const result = await prepare(config, manifest, {
        onStep: (command) => this.#log.info({ plugin: name }, `sets up: ${command}`),
      });
      this.#preparations.set(name, result);
    } catch (error) {
      this.#log.error({ err: error, plugin: name }, 'the setup failed');
      this.#preparations.set(name, { state: 'failed', reason: `MESH_SETUP_FAILED ${String(error)}` });
    } finally {
      this.#preparing.delete(name);
    }
  }
}
