import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/index.ts';
import { formatProblem, MeshError } from '../errors/index.ts';
import { findManifests, type Manifest } from '../manifest/index.ts';
import { localPlugins, sourceFiles } from '../processes/index.ts';
import type { MeshClient } from './mesh-client.ts';
import { describeReload } from './reload.ts';

const POLL_MS = 300;

/**
 * Reloads a plugin when one of its source files changes, until `stopped`. Looking at the files a few times a second
 * finds what file events miss: editors that replace files, network folders, plugins that come later.
 */
export async function watchPlugins(config: Config, client: MeshClient, stopped: AbortSignal): Promise<void> {
  const seen = new Map<string, string>();
  const changed = new Set<string>();
  const reloading = new Set<string>();
  while (!stopped.aborted) {
    for (const manifest of localPlugins(config, findManifests(config))) {
      const { name } = manifest;
      const now = fingerprint(manifest);
      const before = seen.get(name) ?? now;
      seen.set(name, now);
      // An editor that saves several files is waited for: one reload takes them all.
      if (before !== now) changed.add(name);
      else if (changed.has(name) && !reloading.has(name)) {
        changed.delete(name);
        reloading.add(name);
        void reload(client, name).finally(() => reloading.delete(name));
      }
    }
    await delay(POLL_MS);
  }
}

async function reload(client: MeshClient, id: string): Promise<void> {
  say(`… ${id} has changed and is reloaded`);
  try {
    say(describeReload(await client.reload(id)));
  } catch (error) {
    say(error instanceof MeshError ? formatProblem(error) : String(error));
  }
}

/** The manifest is left out: mesh itself sees when that changes. */
function fingerprint({ folder }: Manifest): string {
  try {
    const files = sourceFiles(folder).filter((file) => !file.endsWith('plugin.json'));
    return files.map((file) => `${file} ${statSync(file).mtimeMs} ${statSync(file).size}`).join('\n');
  } catch {
    // A file has gone while we looked: the next look sees what is left.
    return '';
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
