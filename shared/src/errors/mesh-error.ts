import { ERROR_CODES, type ErrorCode } from './codes.ts';

/** Where in a file a problem is; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What an error carries besides its code and message. */
export interface MeshErrorOptions {
  readonly position?: Position;
  /** What the reader should do next, one line. */
  readonly fix?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Members of the problem document in development mode alone: they may name addresses, files and log lines. */
  readonly exposed?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error class. Across processes compare `code`, never the class. */
export class MeshError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly position: Position | undefined;
  readonly fix: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly exposed: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: MeshErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'MeshError';
    this.code = code;
    this.status = ERROR_CODES[code].status;
    this.position = options.position;
    this.fix = options.fix;
    this.details = options.details ?? {};
    this.exposed = options.exposed ?? {};
  }
}

/** Several problems found at once, as configuration and manifests report them. */
export class MeshProblems extends Error {
  readonly problems: readonly MeshError[];

  constructor(problems: readonly MeshError[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'MeshProblems';
    this.problems = problems;
  }
}

/** A position as editors and terminals understand it: `file:line:column`. */
export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

/** One problem as the terminal shows it: code, file:line:column, message, what a process wrote, fix. */
export function formatProblem(problem: MeshError): string {
  const { code, position, message, fix, details } = problem;
  const where = position ? `${formatPosition(position)}  ` : '';
  const reference = `docs/reference/errors.md#${code.toLowerCase()}`;
  const lines = Array.isArray(details['lines'])
    ? details['lines'].map((line) => `\n  │ ${String(line)}`)
    : [];
  return `✖ ${code}  ${where}${message}${lines.join('')}\n  ${fix ? `${fix}  ` : ''}${reference}`;
}
