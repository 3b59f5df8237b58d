import type { PluginFailure } from './types.ts';

const LONGEST_MESSAGE = 600;
const LONGEST_LINE = 240;
const MOST_LINES = 15;

/** What a failure consists of, before it is cut to size. */
export interface FailureParts {
  /** Lines of the plugin's log, oldest first. */
  readonly lines?: readonly string[];
  /** What to do, one line. */
  readonly fix?: string | undefined;
}

/** A failure that is small enough for the mesh document, whatever a plugin has written. */
export function pluginFailure(
  code: string,
  message: string,
  { lines = [], fix }: FailureParts = {},
): PluginFailure {
  const shown = lines.map((line) => cut(plain(line), LONGEST_LINE)).filter((line) => line.trim() !== '');
  return {
    code,
    message: cut(plain(message), LONGEST_MESSAGE),
    lines: shown.slice(-MOST_LINES),
    ...(fix === undefined ? {} : { fix: cut(plain(fix), LONGEST_MESSAGE) }),
  };
}

/** The one text of a failure: code and sentence, the last lines, what to do. Terminal, page and answers have the same. */
export function failureText({ code, message, lines, fix }: PluginFailure): string {
  const said = lines.map((line) => `  │ ${line}`);
  return [`${code}: ${message}`, ...said, ...(fix === undefined ? [] : [`  ${fix}`])].join('\n');
}

/** The members of a plugin that has failed: the text for whoever shows it, the parts for whoever looks into it. */
export function failing(failure: PluginFailure): {
  readonly reason: string;
  readonly failure: PluginFailure;
} {
  return { reason: failureText(failure), failure };
}

/** Colours and other control sequences are for terminals that a plugin does not have: none of them may steer a reader's. */
function plain(text: string): string {
  return text
    .replaceAll(/(?:\u001b\[|\u009b)[0-9;?]*[A-Za-z]/g, '')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '');
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
