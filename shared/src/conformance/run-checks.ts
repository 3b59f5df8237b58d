import { type Check, Fault, type Level, type Outcome, skipped } from './check.ts';
import { CHECKS } from './checks.ts';
import type { Subject } from './subject.ts';

/** A check, and what it came to. */
export interface CheckResult {
  readonly id: string;
  readonly level: Level;
  readonly sentence: string;
  readonly outcome: Outcome;
}

/** How checks are run. */
export interface RunOptions {
  /** Told of each result as it comes. */
  readonly onResult?: (result: CheckResult) => void;
}

/** Runs every check, one after the other. Rejects only when it is broken off. */
export async function runChecks(
  subject: Subject,
  { onResult = () => undefined }: RunOptions = {},
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of CHECKS) {
    subject.signal.throwIfAborted();
    const { id, level, sentence } = check;
    const result = { id, level, sentence, outcome: withFix(check, await run(check, subject, results)) };
    results.push(result);
    onResult(result);
  }
  return results;
}

async function run(check: Check, subject: Subject, before: readonly CheckResult[]): Promise<Outcome> {
  if (!canBeSeen(check, subject)) return skipped('it is not started here: check its folder');
  const needed = check.needs?.find((id) => !isFulfilled(id, subject, before));
  if (needed !== undefined) return { kind: 'skipped', why: `needs '${needed}'`, needs: needed };
  try {
    return await check.run(subject);
  } catch (error) {
    // Whatever went wrong, it did because of that.
    subject.signal.throwIfAborted();
    if (!(error instanceof Fault)) throw error;
    const told = before.find(({ outcome }) => isSame(outcome, error));
    return told
      ? { kind: 'skipped', why: `it starts no more, see '${told.id}'`, needs: told.id }
      : error.failure;
  }
}

/** A plugin that does not start again fails once, not in every check that follows. */
function isSame(outcome: Outcome, { failure }: Fault): boolean {
  return outcome.kind === 'failed' && outcome.seen === failure.seen && outcome.lines === failure.lines;
}

function canBeSeen({ needsProcess }: Check, { isStartedHere }: Subject): boolean {
  return isStartedHere || needsProcess !== true;
}

/** What cannot be seen of a plugin at a URL, it is believed to do. */
function isFulfilled(id: string, subject: Subject, before: readonly CheckResult[]): boolean {
  const check = CHECKS.find((each) => each.id === id);
  if (check && !canBeSeen(check, subject)) return true;
  return before.find((result) => result.id === id)?.outcome.kind === 'passed';
}

/** Each check knows what mostly helps; what was seen may know better. */
function withFix({ fix }: Check, outcome: Outcome): Outcome {
  if (outcome.kind !== 'failed' && outcome.kind !== 'missing') return outcome;
  return { ...outcome, fix: outcome.fix ?? fix };
}
