const { setImmediate: turn, setTimeout: delay } = require('node:timers/promises');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
/** An answer of `fetch` that nobody has read holds its connection until it is collected. */
const collect = runInNewContext('gc');

/**
 * What belongs to the process that runs the tests: its output, its line to the one that hands out files, and the measure of
 * its event loop, which keeps no process from ending.
 */
const OURS = new Set(['PipeWrap', 'TTYWrap', 'Immediate', 'IntervalHistogram']);
const PATIENCE_MS = 10_000;
const LEAST_PAUSE_MS = 20;

/** What was said already: one file's fault is not the next one's. */
let said = [];

/** Fails when the tests of a file have left something open that would keep a process from ending. */
exports.mochaHooks = {
  async afterAll() {
    await turn();
    // Mocha's own deadline for this hook is a timer, too.
    this.runnable().clearTimeout();
    const deadline = performance.now() + PATIENCE_MS;
    let left = leftOpen();
    let pause = LEAST_PAUSE_MS;
    while (left.length > 0) {
      if (performance.now() > deadline) fail(left);
      collect();
      await delay((pause *= 1.5));
      // Only then is this very timer gone.
      await turn();
      left = leftOpen();
    }
  },
};

function fail(left) {
  said = [...said, ...left];
  throw new Error(`a test left something open: ${left.join(', ')}`);
}

function leftOpen() {
  const known = [...said];
  return process.getActiveResourcesInfo().filter((name) => {
    const at = known.indexOf(name);
    if (at >= 0) known.splice(at, 1);
    return at < 0 && !OURS.has(name);
  });
}
