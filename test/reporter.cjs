const { reporters } = require('mocha');

const PATIENCE_MS = 10_000;

/**
 * Mocha's spec reporter with a closing line that machines can read: `N passed, N failed`. A run that does not end by
 * itself afterwards has left something open: it says what, and fails.
 */
module.exports = class SummaryReporter extends reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    if (pending > 0) reporters.Base.consoleLog(`${pending} skipped: the lines above say why`);
    reporters.Base.consoleLog(`${passes} passed, ${failures} failed`);
    setTimeout(failForLeftovers, PATIENCE_MS).unref();
  }
};

function failForLeftovers() {
  const left = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap' && name !== 'TTYWrap');
  reporters.Base.consoleLog(`a test left something open: ${left.join(', ')}`);
  process.exit(1);
}
