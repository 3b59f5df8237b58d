import { readFileSync, writeFileSync } from 'node:fs';
import type { SurvivedCrash } from './crash.ts';

/** How one container looks from outside. */
export interface ContainerFacts {
  readonly user: number;
  readonly readOnlyRoot: boolean;
  readonly memoryMiB: number;
  readonly imageMiB: number;
}

/** What a run has seen; grows while it runs. */
export interface Observations {
  readonly engine: string;
  readonly seconds: Record<string, number>;
  readonly containers: Record<string, ContainerFacts>;
  /** Plugin → state, and how long an answer to a push took. */
  readonly plugins: Record<string, { state: string; status: string; pushMs?: number }>;
  /** Container → sockets on it. */
  readonly spread: Record<string, number>;
  readonly heardByAll: Record<string, string>;
  readonly crashes: Record<string, SurvivedCrash>;
  /** What did not hold. */
  readonly problems: string[];
}

const FILE = new URL('result.json', import.meta.url);

/** Nothing seen yet. */
export function observations(engine: string): Observations {
  return {
    engine,
    seconds: {},
    containers: {},
    plugins: {},
    spread: {},
    heardByAll: {},
    crashes: {},
    problems: [],
  };
}

/** Leaves them in result.json and on the terminal. */
export function publish(seen: Observations): void {
  writeFileSync(FILE, `${JSON.stringify(seen, null, 2)}\n`);
  process.stdout.write(readFileSync(FILE, 'utf8'));
}
