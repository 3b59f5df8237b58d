import type { Reach } from '@plugmesh/sdk';
import { matchTargets, type Place } from './match-targets.ts';
import { activeTargets } from './prometheus.ts';
import type { Labels } from './restrict-query.ts';

/** Where metrics of an endpoint are: at which Prometheus, and which labels all series of it have there. */
export interface Source {
  /** Guid of the Prometheus. */
  readonly prometheus: string;
  readonly labels: Labels;
}

/** An endpoint as a user sees it. */
export interface SeenEndpoint extends Place {
  readonly type: string;
  readonly connected: boolean;
}

/** The type that this plugin adds. */
export const TYPE = 'metrics';

/**
 * Sources of each endpoint that has some, by guid: what the Prometheus servers that the user is connected to scrape there. One that
 * does not answer is left out, unless none does.
 */
export async function findSources(
  endpoints: readonly SeenEndpoint[],
  reachOf: (guid: string) => Reach,
): Promise<Readonly<Record<string, readonly Source[]>>> {
  const servers = endpoints.filter(({ type, connected }) => type === TYPE && connected);
  const others = endpoints.filter(({ type }) => type !== TYPE);
  const asked = await Promise.allSettled(
    servers.map(async ({ guid }) => ({ prometheus: guid, targets: await activeTargets(reachOf(guid)) })),
  );
  const answers = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = asked.find((each) => each.status === 'rejected');
  if (failed && answers.length === 0) throw failed.reason;
  const found: Record<string, Source[]> = {};
  for (const { prometheus, targets } of answers)
    for (const [guid, matched] of Object.entries(matchTargets(others, targets)))
      (found[guid] ??= []).push(...matched.map(({ labels }) => ({ prometheus, labels })));
  return found;
}
