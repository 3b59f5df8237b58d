import { formatProblem, MeshError, MeshProblems, problemDocument } from '../errors/index.ts';

/** What a command ends with. */
export const EXIT = { done: 0, failed: 1, usage: 2, notRunning: 3 } as const;

/** Writes an error to stderr, with `json` one problem document per line. Returns the exit code; throws what is a bug. */
export function report(error: unknown, json: boolean): number {
  const problems = problemsOf(error);
  if (problems.length === 0) throw error;
  sayProblems(problems, json);
  const [first] = problems;
  if (first?.code === 'MESH_USAGE') return EXIT.usage;
  return first?.code === 'MESH_NOT_RUNNING' ? EXIT.notRunning : EXIT.failed;
}

function problemsOf(error: unknown): readonly MeshError[] {
  if (error instanceof MeshProblems) return error.problems;
  if (error instanceof MeshError) return [error];
  // A folder that may not be written, a full disk: the system says what, and it is nobody's bug.
  const isSystem = error instanceof Error && 'syscall' in error;
  return isSystem ? [new MeshError('MESH_SYSTEM_REFUSED', error.message, { cause: error })] : [];
}

/** Writes problems to stderr, as a person or a program reads them. */
export function sayProblems(problems: readonly MeshError[], json: boolean): void {
  for (const problem of problems)
    process.stderr.write(`${json ? asJson(problem) : formatProblem(problem)}\n`);
}

function asJson(problem: MeshError): string {
  const { position } = problem;
  return JSON.stringify({ ...problemDocument(problem), ...(position && { position }) });
}

/** Writes what a command has found: with `json` the value on several lines, else the text. */
export function print({ json }: { readonly json: boolean }, value: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value, undefined, 2) : text}\n`);
}
