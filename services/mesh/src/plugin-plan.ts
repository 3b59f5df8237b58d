import { readOverrides } from '@plugmesh/shared/config';
import type { Manifest } from '@plugmesh/shared/manifest';
import {
  buildMeshDocument,
  hasNoCode,
  type DocumentInput,
  type MeshPlugin,
  type ObservedState,
} from '@plugmesh/shared/mesh-document';
import { localManifests } from '@plugmesh/shared/processes';
import type { MeshFiles } from './mesh-files.ts';
import type { WantedPlugin } from './process-keeper.ts';
import type { ProcessList } from './process-list.ts';
import type { Registrations } from './registrations.ts';
import type { RedisUsers } from './redis-users.ts';
import type { StartGate } from './start-gate.ts';

/** What the plan follows from. */
export interface PluginPlanParts {
  readonly files: MeshFiles;
  readonly registrations: Registrations;
  readonly processes: ProcessList;
  readonly gate: StartGate;
  readonly users: RedisUsers;
}

/** What files, overrides and registrations ask for: which plugins, where they are, and which of them we run. */
export class PluginPlan {
  readonly #parts: PluginPlanParts;
  readonly #isReady: (id: string) => boolean;

  /** `isReady` says whether a plugin that others depend on is there. */
  constructor(parts: PluginPlanParts, isReady: (id: string) => boolean) {
    this.#parts = parts;
    this.#isReady = isReady;
  }

  /** What the mesh document follows from, given how the plugins were last seen to be. */
  input(states: Record<string, ObservedState>, version: number): DocumentInput {
    const { config, found } = this.#parts.files.content;
    const overrides = readOverrides(config.stateDir);
    const registrations = this.#parts.registrations.live();
    return { config, found, states, overrides, version, ports: {}, registrations };
  }

  /** The plugins worth looking at: what the files alone keep from running, or let be without running, has its state already. */
  enabled(): readonly MeshPlugin[] {
    const { plugins } = buildMeshDocument(this.input({}, 0)).document;
    const isSettled = (plugin: MeshPlugin): boolean =>
      ['invalid', 'skipped'].includes(plugin.state) || hasNoCode(plugin);
    return plugins.filter((plugin) => plugin.enabled && !isSettled(plugin));
  }

  /** The manifests of the enabled plugins that this host starts. */
  localManifests(): Manifest[] {
    const { document } = buildMeshDocument(this.input({}, 0));
    return localManifests(document, this.#parts.files.content.found);
  }

  /** The local plugins that may run now, and with what. */
  wanted(): WantedPlugin[] {
    return this.localManifests()
      .filter(({ name }) => this.blocker(name) === undefined)
      .map((manifest) => this.#wantedPlugin(manifest));
  }

  /** How a local plugin is that may not be started yet; undefined when it may. */
  blocker(id: string): ObservedState | undefined {
    const { processes, gate, files } = this.#parts;
    const manifest = files.content.found.find((each) => each.id === id)?.manifest;
    if (!processes.isManaged || !manifest || manifest.run.length === 0) return undefined;
    return gate.blocker(manifest, this.#isReady);
  }

  /** Instances that we did not start, by id: the configuration's URLs, and those that registered. */
  remote(id: string): Map<string, string> {
    const urls = this.#parts.files.content.config.pluginSettings[id]?.urls ?? [];
    const registered = this.#parts.registrations.live().filter(({ plugin }) => plugin === id);
    return new Map([
      ...urls.map((url, n) => [`${id}-${n}`, url] as const),
      ...registered.map(({ instance, url }) => [instance, url] as const),
    ]);
  }

  #wantedPlugin(manifest: Manifest): WantedPlugin {
    const { name: id, run, setup, port, instances, folder, config } = manifest;
    const settings = this.#parts.files.content.config.pluginSettings[id];
    const hasOwnUser = this.#parts.users.rights?.plugins !== 'shared';
    const startedFrom = JSON.stringify([run, setup, port, instances, folder, config, settings, hasOwnUser]);
    return { id, manifest, startedFrom };
  }
}
