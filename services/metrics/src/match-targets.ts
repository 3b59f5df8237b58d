import type { Labels } from './restrict-query.ts';

/** What a Prometheus scrapes, as `/api/v1/targets` says. */
export interface Target {
  readonly scrapeUrl: string;
  /** Of every series that comes from it. */
  readonly labels: Labels;
}

/** An endpoint, as far as matching goes. */
export interface Place {
  readonly guid: string;
  readonly url: string;
}

const NAMES_IT = 'endpoint';

/**
 * Which targets belong to which endpoint, by guid: those that are scraped at the endpoint's own host and port and below its
 * path, or that name its URL by the label `endpoint`, as those of an exporter beside it may. Default ports and a trailing slash
 * make no difference, nor does the letter case of the host.
 */
export function matchTargets(
  places: readonly Place[],
  targets: readonly Target[],
): Readonly<Record<string, readonly Target[]>> {
  const matched = places.map(({ guid, url }): [string, Target[]] => [
    guid,
    targets.filter(({ scrapeUrl, labels }) => isBelow(labels[NAMES_IT] ?? scrapeUrl, url)),
  ]);
  return Object.fromEntries(matched.filter(([, found]) => found.length > 0));
}

function isBelow(scrapeUrl: string, url: string): boolean {
  if (!URL.canParse(scrapeUrl) || !URL.canParse(url)) return false;
  const [scraped, endpoint] = [new URL(scrapeUrl), new URL(url)];
  return (
    scraped.origin === endpoint.origin && withSlash(scraped.pathname).startsWith(withSlash(endpoint.pathname))
  );
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}
