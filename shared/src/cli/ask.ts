import { createInterface } from 'node:readline/promises';
import { MeshError } from '../errors/index.ts';

/** A question to somebody at a terminal. */
export interface Question {
  readonly text: string;
  /** What an empty answer means. */
  readonly otherwise?: string;
  /** Throws a `MeshError` for an answer that cannot be taken; then the question is asked again. */
  readonly check: (answer: string) => void;
}

/** Whether there is somebody to ask. */
export function isAtTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks until the answer can be taken. Throws MESH_USAGE when the input ends. The questions go to standard error. */
export async function ask({ text, otherwise, check }: Question): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new AbortController();
  lines.once('close', () => ended.abort());
  try {
    for (;;) {
      const line = await lines.question(text, { signal: ended.signal });
      const answer = line.trim() === '' ? (otherwise ?? '') : line.trim();
      try {
        check(answer);
        return answer;
      } catch (error) {
        if (!(error instanceof MeshError)) throw error;
        process.stderr.write(`  ${[error.message, error.fix].filter(Boolean).join('; ')}\n`);
      }
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error;
    throw new MeshError('MESH_USAGE', 'the question was not answered', { cause: error });
  } finally {
    lines.close();
  }
}
