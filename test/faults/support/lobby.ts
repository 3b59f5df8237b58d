import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import type { Stage } from './stage.ts';

/** Longer than the default lease, within which those of a process that died are gone. */
const PATIENCE_MS = 45_000;

/** What a fault did to presence. */
export interface LobbyReport {
  readonly members: number;
  readonly secondsUntilEqual: number;
  /** Diffs that one client was sent, on average and at most. */
  readonly diffsEach: number;
  readonly diffsAtMost: number;
  /** Of all clients together: keys that left, and such as came back after that. */
  readonly leavesSeen: number;
  readonly flaps: number;
}

/** Waits until every page sees exactly those who are there; nobody may have left and come again under one key. */
export async function lobbyAfterwards({ pages }: Stage): Promise<LobbyReport> {
  const beganAt = performance.now();
  const isEqual = (): boolean =>
    new Set(pages.map(({ present }) => present)).size === 1 &&
    pages[0]?.present.split('\n').length === pages.length;
  await eventually(isEqual, {
    timeoutMs: PATIENCE_MS,
    everyMs: 100,
    what: 'the same members at every client, no more',
  });
  const sum = (of: (page: (typeof pages)[number]) => number): number =>
    pages.reduce((total, page) => total + of(page), 0);
  const report = {
    members: pages.length,
    secondsUntilEqual: Math.round((performance.now() - beganAt) / 100) / 10,
    diffsEach: Math.round(sum(({ diffs }) => diffs) / pages.length),
    diffsAtMost: Math.max(...pages.map(({ diffs }) => diffs)),
    leavesSeen: sum(({ left }) => left.size),
    flaps: sum(({ flaps }) => flaps),
  };
  assert.equal(report.flaps, 0, JSON.stringify(report));
  return report;
}
