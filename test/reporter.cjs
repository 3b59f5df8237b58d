const { reporters } = require('mocha');

const PATIENCE_MS = 10_000;

/** Mocha's spec reporter with a closing line that machines can read: `N passed, N failed`. */
module.exports = class SummaryReporter extends reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    if (pending > 0) reporters.Base.consoleLog(`${pending} skipped: the lines above say why`);
    reporters.Base.consoleLog(`${passes} passed, ${failures} failed`);
    // What a test has left open is among the failures (leftovers.cjs); it must not hold up the end as well.
    setTimeout(() => process.exit(1), PATIENCE_MS).unref();
  }
};
