import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { composeFile, printCompose, type ComposeFile } from '@plugmesh/shared/compose';
import { loadWrittenConfig } from '@plugmesh/shared/config';
import { findManifests } from '@plugmesh/shared/manifest';

/** Writes files into a new folder; objects become JSON. */
export function folderWith(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'plugmesh-compose-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/** The compose file of a folder, as an object and as text. */
export function composeOf(cwd: string, env: NodeJS.ProcessEnv = {}): { file: ComposeFile; text: string } {
  const written = loadWrittenConfig({ cwd, env });
  const file = composeFile(written, findManifests(written.config));
  return { file, text: printCompose(file) };
}
