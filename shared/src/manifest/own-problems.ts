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

/** Values that must differ: what they are, and where each of them stands. */
export interface Different {
  readonly what: string;
  readonly values: readonly string[];
  readonly pathOf: (at: number) => readonly PropertyKey[];
}

/** Adds a problem for each value that stands before already. */
export function refuseRepeated(context: z.RefinementCtx, { what, values, pathOf }: Different): void {
  const expected = `another ${what} than those before it`;
  for (const [at, value] of values.entries())
    if (values.indexOf(value) < at)
      addProblem(context, { path: pathOf(at), expected, fix: 'take one of the two out' });
}
