import type { z } from 'zod';

/** What a check of ours has found: where, what is expected there, and what to do. */
export interface OwnProblem {
  readonly path: readonly PropertyKey[];
  /** What the value must be: `another name than those before it`. */
  readonly expected: string;
  readonly fix: string;
}

/** Adds a problem that no single value has. */
export function addProblem(context: z.RefinementCtx, { path, expected, fix }: OwnProblem): void {
  context.addIssue({ code: 'custom', path: [...path], message: expected, params: { fix } });
}

/** Adds a problem for each value that stands before already. */
export function refuseRepeated(
  context: z.RefinementCtx,
  what: string,
  values: readonly (readonly [value: string, path: readonly PropertyKey[]])[],
): void {
  const seen = new Set<string>();
  for (const [value, path] of values) {
    const expected = `another ${what} than those before it`;
    if (seen.has(value)) addProblem(context, { path, expected, fix: 'take one of the two out' });
    seen.add(value);
  }
}
