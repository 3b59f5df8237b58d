import type { Lifecycle } from './lifecycle.ts';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

// A terminal, npm and a supervisor may each deliver the same Ctrl-C: a repeat this soon is not a second one.
const SAME_SIGNAL_MS = 500;

/**
 * Runs a lifecycle as this process: starts it, tells the supervisor when it is ready, and exits when it ends. The only
 * home of signals and `process.exit`. Resolves when the start is over; a start that fails exits with 1.
 */
export async function runProcess(lifecycle: Lifecycle): Promise<void> {
  onStopSignals(lifecycle);
  onSupervisorGone(lifecycle);
  onUncaught(lifecycle);
  try {
    await lifecycle.start();
  } catch (error) {
    lifecycle.log.fatal({ err: error }, `${lifecycle.name} could not start`);
    process.exit(1);
  }
  if (lifecycle.state !== 'ready') return;
  lifecycle.log.info(`${lifecycle.name} has started`);
  process.send?.('ready');
}

/** The first signal stops in order and exits with 0, a second one exits at once. */
function onStopSignals(lifecycle: Lifecycle): void {
  let firstAt: number | undefined;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (firstAt !== undefined) {
        if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(1);
        return;
      }
      firstAt = performance.now();
      lifecycle.log.info({ signal }, `${lifecycle.name} stops`);
      void stopAndExit(lifecycle, 0);
    });
  }
}

/** A supervisor that was killed starts everything anew when it is back: who has survived it would hold the port. */
function onSupervisorGone(lifecycle: Lifecycle): void {
  process.once('disconnect', () => {
    lifecycle.log.warn(`${lifecycle.name} stops, because what has started it is gone`);
    void stopAndExit(lifecycle, 1);
  });
}

/** After an error that nobody caught, the state of the process is unknown: finish, and let the supervisor start anew. */
function onUncaught(lifecycle: Lifecycle): void {
  let failed = false;
  const fail = (error: unknown): void => {
    lifecycle.log.fatal({ err: error }, `${lifecycle.name} met an error that nobody caught`);
    if (failed) process.exit(1);
    failed = true;
    void stopAndExit(lifecycle, 1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}

async function stopAndExit(lifecycle: Lifecycle, code: number): Promise<void> {
  try {
    await lifecycle.stop();
  } catch {
    // Every failing step is in the log already.
    code = 1;
  }
  process.exit(code);
}
