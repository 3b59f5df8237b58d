import { z } from 'zod';

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const SIZE = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/;
const BYTES_PER_UNIT: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** The longest delay that timers of Node take, about 24 days; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Milliseconds of `500ms`, `30s`, `10m`, `1h` or `7d`; `undefined` when it is something else. */
export function parseDuration(text: string): number | undefined {
  return scale(text, DURATION, MS_PER_UNIT);
}

/** Bytes of `512B`, `8KiB`, `10MiB` or `1GiB`; `undefined` when it is something else. */
export function parseSize(text: string): number | undefined {
  return scale(text, SIZE, BYTES_PER_UNIT);
}

function scale(text: string, form: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit] = form.exec(text) ?? [];
  return amount === undefined || unit === undefined
    ? undefined
    : Math.round(Number(amount) * (units[unit] ?? 0));
}

/** A duration as settings and manifests write it, up to 24 days; gives milliseconds. */
export const duration = z
  .string('a duration like "30s"')
  .regex(DURATION, 'a duration like "500ms", "30s", "10m" or "1h"')
  .transform((text) => parseDuration(text) ?? 0)
  .refine((ms) => ms <= LONGEST_MS, 'a duration of at most 24 days');

/** A size as settings and manifests write it; gives bytes. */
export const size = z
  .string('a size like "10MiB"')
  .regex(SIZE, 'a size like "512B", "8KiB" or "10MiB"')
  .transform((text) => parseSize(text) ?? 0);
