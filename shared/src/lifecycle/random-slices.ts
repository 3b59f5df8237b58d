import { setTimeout as delay } from 'node:timers/promises';

const SLICE_MS = 50;
/** Clients that come back have no jitter: the more there are, the longer they are spread. */
const MS_PER_EACH = 1;
const LONGEST_MS = 5000;

/** Acts on each, in random slices over 1 ms for each of them, and `longestMs` (five seconds at most) for all. */
export async function inRandomSlices<Each>(
  all: readonly Each[],
  act: (each: Each) => void,
  longestMs = LONGEST_MS,
): Promise<void> {
  const shuffled = shuffle(all);
  const spreadMs = Math.min(all.length * MS_PER_EACH, longestMs, LONGEST_MS);
  const slices = Math.max(1, Math.ceil(spreadMs / SLICE_MS));
  const size = Math.ceil(all.length / slices);
  for (let start = 0; start < shuffled.length; start += size) {
    if (start > 0) await delay(SLICE_MS);
    shuffled.slice(start, start + size).forEach(act);
  }
}

function shuffle<Each>(all: readonly Each[]): Each[] {
  return all
    .map((each) => [Math.random(), each] as const)
    .sort(([a], [b]) => a - b)
    .map(([, each]) => each);
}
