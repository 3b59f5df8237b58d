import { ask } from '../../../page/api.js';

/** Samples are asked for at this distance. */
const STEP_SECONDS = 5;
/** A longer silence is a gap. */
export const GAP_MS = 3 * STEP_SECONDS * 1000;
/** Labels that tell sources of one endpoint apart. */
const NARROWED_BY = ['job', 'instance'];

/** @typedef {import('./model.js').Source} Source */

/**
 * Asks a Prometheus for curves. Rejects with a `Refusal`.
 * @param {{ guid: string, source: Source, query: string, from: number, to: number, signal: AbortSignal }} asked times in ms
 * @returns {Promise<import('./range-plot.js').Series[]>}
 */
export async function queryRange({ guid, source, query, from, to, signal }) {
  const labels = NARROWED_BY.flatMap((name) => (source.labels[name] ? [[name, source.labels[name]]] : []));
  const parameters = new URLSearchParams([
    ...Object.entries({
      query,
      start: String(from / 1000),
      end: String(to / 1000),
      step: String(STEP_SECONDS),
    }),
    ['prometheus', source.prometheus],
    .../** @type {[string, string][]} */ (labels),
  ]);
  const answer = await ask(
    'GET',
    `../metrics/v1/endpoints/${guid}/query_range?${parameters}`,
    undefined,
    signal,
  );
  return answer.data.result.map(seriesOf);
}

/**
 * What tells a source apart, for people.
 * @param {Source} source
 * @param {(guid: string) => string} nameOf
 */
export function sourceName({ prometheus, labels }, nameOf) {
  return [nameOf(prometheus), ...NARROWED_BY.map((name) => labels[name] ?? '')].filter(Boolean).join(' · ');
}

/** @param {{ metric: Record<string, string>, values: readonly [number, string][] }} result a matrix's element */
function seriesOf({ metric, values }) {
  const labels = Object.entries(metric).filter(([name]) => name !== '__name__');
  const name = `${metric['__name__'] ?? ''}{${labels.map(([label, value]) => `${label}="${value}"`).join(', ')}}`;
  const samples = values.map(([seconds, value]) => ({ at: seconds * 1000, value: Number(value) }));
  // Prometheus says NaN and +Inf, too, which have no place in a drawing.
  return { name, samples: samples.filter(({ value }) => Number.isFinite(value)) };
}
