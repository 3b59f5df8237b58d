import { nearestName } from '../errors/index.ts';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** A problem in words: what was expected, what was received, and what may have been meant. */
export interface IssueText {
  readonly message: string;
  readonly fix: string | undefined;
}

/** Puts an issue of zod into words; `name` is the dotted name of the value, `value` the value itself. */
export function describeIssue(issue: Issue, name: string, value: unknown): IssueText {
  if (value === undefined)
    return { message: `'${name}' is missing: it must be ${expected(issue)}`, fix: fixOf(issue, undefined) };
  return { message: `'${name}' must be ${expected(issue)}, not ${quoted(value)}`, fix: fixOf(issue, value) };
}

/** A near name of those that are possible, or what our own check says. */
function fixOf(issue: Issue, value: unknown): string | undefined {
  if (issue.code === 'custom') return issue.params?.['fix'] as string | undefined;
  if (issue.code !== 'invalid_value' || value === undefined) return undefined;
  const near = nearestName(shown(value), issue.values.map(String));
  return near === undefined ? undefined : `did you mean '${near}'?`;
}

/** The dotted name of a path: `http.routes[0].guard`. */
export function nameOfPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** The value at a path, `undefined` where the path ends before it. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[part] : undefined,
    value,
  );
}

function expected(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return ownMessage(issue) ?? article(issue.expected);
    case 'invalid_value':
      return alternatives(issue.values.map((value) => `'${String(value)}'`));
    case 'too_small':
      return ownMessage(issue) ?? `at least ${issue.minimum}`;
    case 'too_big':
      return ownMessage(issue) ?? `at most ${issue.maximum}`;
    case 'invalid_key':
      return 'named';
    default:
      return issue.message;
  }
}

// Messages of our schemas say what is expected; those of zod begin with one of these words.
function ownMessage(issue: Issue): string | undefined {
  return /^(Invalid|Too|Unrecognized)/.test(issue.message) ? undefined : issue.message;
}

const ARTICLES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'an object',
  record: 'an object',
  int: 'a whole number',
  boolean: 'true or false',
  string: 'a text',
};

function article(type: string): string {
  return ARTICLES[type] ?? `a ${type}`;
}

function alternatives(values: readonly string[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`;
}

function quoted(value: unknown): string {
  const text = shown(value);
  return `'${text.length > 60 ? `${text.slice(0, 57)}...` : text}'`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
