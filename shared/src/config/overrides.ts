import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Plugin id → what enable and disable said at run time; stands above every file. */
export type Overrides = Readonly<Record<string, { readonly enabled: boolean }>>;

/** What enable and disable have said so far; an unreadable file counts as nothing said. */
export function readOverrides(stateDir: string): Overrides {
  try {
    return JSON.parse(readFileSync(fileIn(stateDir), 'utf8')) as Overrides;
  } catch {
    return {};
  }
}

/** Remembers that a plugin is enabled or disabled; whole or not at all. */
export function writeOverride(stateDir: string, id: string, enabled: boolean): void {
  const overrides = { ...readOverrides(stateDir), [id]: { enabled } };
  mkdirSync(stateDir, { recursive: true });
  const draft = `${fileIn(stateDir)}.new`;
  writeFileSync(draft, `${JSON.stringify(overrides, undefined, 2)}\n`);
  renameSync(draft, fileIn(stateDir));
}

function fileIn(stateDir: string): string {
  return join(stateDir, 'overrides.json');
}
