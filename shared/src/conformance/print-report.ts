import type { Failure, Level, Outcome } from './check.ts';
import type { Report } from './report.ts';
import type { CheckResult } from './run-checks.ts';

const MARKS: Readonly<Record<Outcome['kind'], string>> = {
  passed: '✔',
  failed: '✖',
  missing: '–',
  skipped: '–',
};

/** One check as the terminal shows it: a line, and below it what was seen and what helps. */
export function checkLines({ id, sentence, outcome }: CheckResult): string {
  const { kind } = outcome;
  const code = kind === 'failed' && outcome.code ? `${outcome.code}  ` : '';
  const said = kind === 'skipped' ? `skipped: ${outcome.why}` : `${code}${sentence}`;
  return [`  ${MARKS[kind]} ${id.padEnd(18)} ${said}`, ...below(outcome).map((line) => `      ${line}`)].join(
    '\n',
  );
}

/** Shows results as they come, by level. */
export function resultPrinter(write: (line: string) => void): (result: CheckResult) => void {
  let shown: Level | undefined;
  return (result) => {
    // They are counted at the end: a plugin that does not start would fill the screen with them.
    if (isNotRun(result)) return;
    if (result.level !== shown) write(LEVEL_TITLES[result.level]);
    shown = result.level;
    write(checkLines(result));
  };
}

/** The level that was reached, and what the next one takes. */
export function levelLines({ plugin, level, next, failed, checks }: Report): string {
  if (checks.length === 0) return `${plugin}: it has no code, so that its manifest is all there is to check`;
  const notRun = checks.filter(isNotRun).length;
  const left =
    notRun === 0
      ? ''
      : `${notRun} more ${notRun === 1 ? 'was' : 'were'} not tried, for they need one of those above\n`;
  return left + reachedLines({ plugin, level, next, failed });
}

function reachedLines({ plugin, level, next, failed }: Omit<Report, 'checks'>): string {
  const reached = level === undefined ? `${plugin}: no level reached` : `${plugin}: level ${level} reached`;
  const count = failed === 0 ? '' : `; ${failed} ${failed === 1 ? 'check' : 'checks'} failed`;
  if (!next) return `${reached}${count}`;
  const open = next.open.map(({ id, seen, fix }) => `  ${id}: ${seen}\n    ${fix}`);
  return [`${reached}${count}; for level ${next.level}:`, ...open].join('\n');
}

/** What the checks of a level are about. */
const LEVEL_TITLES: Readonly<Record<Level, string>> = {
  0: 'level 0: it can be reached',
  1: 'level 1: it says how it is, and ends in order',
  2: 'level 2: it describes its API, knows who asks, and lives with the bus',
  3: 'level 3: it registers itself',
};

function isNotRun({ outcome }: CheckResult): boolean {
  return outcome.kind === 'skipped' && outcome.needs !== undefined;
}

function below(outcome: Outcome): string[] {
  switch (outcome.kind) {
    case 'passed':
      return outcome.note === undefined ? [] : [`note: ${outcome.note}`];
    case 'skipped':
      return [];
    case 'missing':
      return [outcome.seen, fixLine(outcome.fix)];
    case 'failed':
      return [outcome.seen, ...linesOf(outcome), fixLine(outcome.fix)];
  }
}

function linesOf({ lines = [] }: Failure): string[] {
  return lines.map((line) => `│ ${line}`);
}

function fixLine(fix = ''): string {
  return `fix: ${fix}`;
}
