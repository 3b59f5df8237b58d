import fc from 'fast-check';
import { stream } from './grammar.ts';
import { judge, type Verdict } from './judge.ts';
import { Lane } from './lane.ts';

/** How much is tried, and from where. */
export interface FuzzOptions {
  readonly cases: number;
  /** The same seed makes the same cases. */
  readonly seed: number;
}

/** What was seen: counts of requests, and how often which rule refused. */
export interface FuzzReport {
  readonly seed: number;
  readonly cases: number;
  readonly seconds: number;
  readonly acceptedByBoth: number;
  readonly onlyNginxRefuses: Readonly<Record<string, number>>;
  readonly onlyWeRefuse: Readonly<Record<string, number>>;
}

/** Streams that are under way at the same time. */
const LANES = 8;

/** Sends random streams through the gateway and through nginx; rejects with the smallest that breaks a promise. */
export async function fuzz({ cases, seed }: FuzzOptions): Promise<FuzzReport> {
  const started = performance.now();
  const lanes = await Promise.all(Array.from({ length: LANES }, () => Lane.start()));
  const verdicts: Verdict[] = [];
  const streams = fc.array(stream, { minLength: LANES, maxLength: LANES });
  const property = fc.asyncProperty(streams, async (all) => {
    const seen = await Promise.all(
      lanes.map(async (lane, at) => {
        const bytes = all[at] ?? '';
        const [ours, theirs] = await lane.read(bytes);
        const verdict = judge(ours, theirs);
        if (verdict.problems.length > 0) throw new Error(describe(bytes, verdict, ours, theirs));
        return verdict;
      }),
    );
    verdicts.push(...seen);
  });
  try {
    await fc.assert(property, { numRuns: Math.ceil(cases / LANES), seed });
  } catch (error) {
    // What fast-check says shows all streams of all lanes; the one that failed is the cause.
    const { cause } = error as { cause?: unknown };
    throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(error)}`, {
      cause: error,
    });
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
  return {
    seed,
    cases: verdicts.length,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    acceptedByBoth: verdicts.reduce((sum, { compared }) => sum + compared, 0),
    onlyNginxRefuses: tally(verdicts.flatMap(({ onlyNginxRefuses }) => onlyNginxRefuses)),
    onlyWeRefuse: tally(verdicts.flatMap(({ onlyWeRefuse }) => onlyWeRefuse)),
  };
}

function describe(bytes: string, { problems }: Verdict, ...readings: readonly unknown[]): string {
  return [
    ...problems,
    JSON.stringify(bytes).replace(/(\\r\\n){9,}/, '…'),
    ...readings.map((each) => JSON.stringify(each)),
  ].join('\n');
}

function tally(all: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of all) counts[each] = (counts[each] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
}
