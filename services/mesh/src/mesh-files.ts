import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, loadConfig, type LoadOptions } from '@plugmesh/shared/config';
import { MeshProblems } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import { findManifests, type FoundManifest } from '@plugmesh/shared/manifest';

/** What the files say. */
export interface MeshFilesContent {
  readonly config: Config;
  readonly found: readonly FoundManifest[];
}

/**
 * The configuration and the manifests, read again when one of them changes. A handful of `stat` calls twice a second
 * finds what file events miss: editors that replace files, network folders, folders that come later.
 */
export class MeshFiles {
  readonly #options: LoadOptions;
  readonly #log: Log;
  #content: MeshFilesContent;
  #fingerprint: string | undefined;

  /** Throws `MeshProblems` when the configuration cannot be read: nothing can start then. */
  constructor(log: Log, options: LoadOptions = {}) {
    this.#log = log;
    this.#options = options;
    this.#content = this.#read();
  }

  get content(): MeshFilesContent {
    return this.#content;
  }

  /** Reads again what has changed. Resolves to whether there is something new; a broken file leaves the last content. */
  async refresh(): Promise<boolean> {
    const fingerprint = await this.#look();
    const isKnown = this.#fingerprint === undefined || this.#fingerprint === fingerprint;
    this.#fingerprint = fingerprint;
    if (isKnown) return false;
    try {
      this.#content = this.#read();
      return true;
    } catch (error) {
      if (!(error instanceof MeshProblems)) throw error;
      this.#log.error(`the configuration has problems; going on with the last one\n${error.message}`);
      return false;
    }
  }

  #read(): MeshFilesContent {
    const config = loadConfig(this.#options);
    return { config, found: findManifests(config) };
  }

  async #look(): Promise<string> {
    const { root, file, pluginSettings } = this.#content.config;
    const folders = Object.values(pluginSettings).flatMap(({ folder }) =>
      folder === undefined ? [] : [folder],
    );
    const services = (await readdir(join(root, 'services')).catch(() => [])).map((id) =>
      join(root, 'services', id),
    );
    const manifests = [...folders, ...services].map((folder) => join(folder, 'plugin.json'));
    const settings = [file ?? join(root, 'plugmesh.toml'), join(root, '.env'), join(root, '.env.local')];
    return (await Promise.all([...settings, ...manifests].map(describe))).join('\n');
  }
}

async function describe(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found ? `${path} ${found.ino} ${found.size} ${found.mtimeNs}` : `${path} -`;
}
