const { reporters } = require('mocha');

/** Mocha's spec reporter with a closing line that machines can read: `N passed, N failed`. */
module.exports = class SummaryReporter extends reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures } = this.stats;
    reporters.Base.consoleLog(`${passes} passed, ${failures} failed`);
  }
};
