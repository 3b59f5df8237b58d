import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { readState, writeState } from './state-file.ts';

/** Plugin id → what enable and disable said at run time; above the configuration file. */
export type Overrides = Readonly<Record<string, { readonly enabled: boolean }>>;

/** Reads what enable and disable have said. */
export function readOverrides(config: Config): Overrides {
  const entries = Object.entries(Object(readState(file(config))) as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([id, value]) => [
      id,
      { enabled: (Object(value) as { enabled?: unknown }).enabled === true },
    ]),
  );
}

/** Remembers what enable or disable said. */
export function writeOverride(config: Config, id: string, enabled: boolean): void {
  writeState(file(config), { ...readOverrides(config), [id]: { enabled } });
}

function file(config: Config): string {
  return join(config.stateDir, 'overrides.json');
}
