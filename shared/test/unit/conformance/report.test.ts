import assert from 'node:assert/strict';
import { levelLines, type Level, type Outcome, reportOf } from '@plugmesh/shared/conformance';

const result = (id: string, level: Level, outcome: Outcome) => ({ id, level, sentence: 'does it', outcome });
const PASSED: Outcome = { kind: 'passed' };
const FAILED: Outcome = { kind: 'failed', seen: 'it does not', fix: 'do it' };
const MISSING: Outcome = { kind: 'missing', seen: 'it does not try', fix: 'try' };
const SKIPPED: Outcome = { kind: 'skipped', why: 'not here' };

const upTo = (...outcomes: Outcome[]) =>
  reportOf(
    'it',
    outcomes.map((outcome, at) => result(`check-${at}`, at as Level, outcome)),
  );

describe('the level of a plugin', () => {
  it('is the highest below which nothing has failed or is missing', () => {
    assert.equal(upTo(PASSED, PASSED, PASSED, PASSED).level, 3);
    assert.equal(upTo(PASSED, PASSED, FAILED, PASSED).level, 1);
    assert.equal(upTo(PASSED, MISSING, PASSED, PASSED).level, 0);
    assert.equal(upTo(FAILED, PASSED, PASSED, PASSED).level, undefined);
  });

  it('is not one of which nothing could be seen', () => {
    const report = upTo(PASSED, SKIPPED, PASSED, PASSED);
    assert.equal(report.level, 0);
    assert.equal(report.failed, 0);
    assert.match(levelLines(report), /^it: level 0 reached; for level 1:\n {2}check-1: not here/);
  });

  it('comes with what is missing for the next one, and how to get there', () => {
    assert.equal(
      levelLines(upTo(PASSED, FAILED, FAILED, PASSED)),
      'it: level 0 reached; 2 checks failed; for level 1:\n  check-1: it does not\n    do it',
    );
    assert.match(
      levelLines(upTo(FAILED, PASSED, PASSED, PASSED)),
      /^it: no level reached; 1 check failed; for level 0:/,
    );
    assert.equal(levelLines(upTo(PASSED, PASSED, PASSED, PASSED)), 'it: level 3 reached');
  });
});
