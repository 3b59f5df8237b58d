import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { formatProblem, MeshError } from '../errors/index.ts';
import { findManifests, type Manifest } from '../manifest/index.ts';
import { loadMeshConfig, localPlugins, sourceFiles } from '../processes/index.ts';
import type { MeshClient } from './mesh-client.ts';
import { describeReload } from './reload.ts';

const POLL_MS = 300;

/**
 * Reloads a plugin when one of its source files changes, until `stopped`; `file` names the configuration. Looking at the files a few times a second
 * finds what file events miss: editors that replace files, network folders, plugins that come later.
 */
export async function watchPlugins(
  file: string | undefined,
  client: MeshClient,
  stopped: AbortSignal,
): Promise<void> {
  const seen = new Map<string, string>();
  const changed = new Set<string>();
  const reloading = new Set<string>();
  while (!stopped.aborted) {
    for (const [name, now] of fingerprints(file)) {
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

/** Plugin id → what its sources look like, for the plugins that run here by what the files say now. */
function fingerprints(file: string | undefined): Map<string, string> {
  try {
    const config = loadMeshConfig(file);
    return new Map(localPlugins(config, findManifests(config)).map((each) => [each.name, fingerprint(each)]));
  } catch {
    // A broken configuration, or a file that has gone while we looked: mesh says so, and the next look is another one.
    return new Map();
  }
}

/** The manifest is left out: mesh itself sees when that changes. */
function fingerprint({ folder }: Manifest): string {
  const files = sourceFiles(folder).filter((file) => !file.endsWith('plugin.json'));
  return files.map((file) => `${file} ${statSync(file).mtimeMs} ${statSync(file).size}`).join('\n');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
