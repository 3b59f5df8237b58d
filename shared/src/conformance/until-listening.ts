import { once } from 'node:events';
import { connect } from 'node:net';
import { portsOfTree } from '../processes/index.ts';
import { ask } from './ask.ts';
import { Fault } from './check.ts';
import { hintFrom } from './hints.ts';
import type { PluginRun } from './plugin-run.ts';
import { type Patience, until } from './until.ts';

/** A process that listens, but elsewhere, will not change its mind. */
const ELSEWHERE_MS = 2000;
const HEALTH_WITHIN_MS = 1000;

const SPEAKING = 'its last lines say why; start it by hand with PORT and HOST set';
const SILENT = "it has written nothing: 'run' must stay, and not start a server in the background";

/** Resolves once the process listens where it was told to. Throws a `Fault` that says what it does instead. */
export async function untilListening(run: PluginRun, patience: Patience): Promise<void> {
  const listens = await until(async () => {
    if (run.end) throw new Fault(endedFailure(run, 'before it listened'));
    // Read first: one that begins to listen in between is then found by the connection.
    const ports = performance.now() - run.startedAt > ELSEWHERE_MS ? portsOfTree(run.pid) : [];
    if (await accepts(run.port, run.host)) return true;
    if (ports.length > 0) throw new Fault(elsewhereFailure(run, ports));
    return false;
  }, patience);
  if (listens) return;
  throw new Fault({
    code: 'MESH_PLUGIN_NOT_LISTENING',
    seen: `it did not listen on ${run.host}:${run.port} within ${patience.timeoutMs / 1000} s`,
    lines: run.lines,
  });
}

/** Waits while the health route says that it is warming up. Resolves to false when it still does at the deadline. */
export async function untilSettled(
  { port, host }: PluginRun,
  health: string,
  patience: Patience,
): Promise<boolean> {
  const isSettled = await until(async () => {
    const question = { signal: patience.signal, timeoutMs: HEALTH_WITHIN_MS };
    const answer = await ask(`http://${host}:${port}${health}`, question).catch(() => undefined);
    patience.signal.throwIfAborted();
    // One that is disabled will not change its mind, and no answer is for others to tell of.
    return answer?.status !== 503 || answer.text.includes('"disabled"');
  }, patience);
  return isSettled ?? false;
}

/** What is told of a plugin that has ended by itself. */
export function endedFailure(run: PluginRun, when: string) {
  const { code, signal } = run.end ?? { code: null, signal: null };
  const how = signal === null ? `with code ${String(code)}` : `by ${signal}`;
  const fix = hintFrom(run.output) ?? (run.output.trim() === '' ? SILENT : SPEAKING);
  return { code: 'MESH_PLUGIN_EXITED', seen: `it ended ${how} ${when}`, fix, lines: run.lines } as const;
}

/** Whether somebody takes connections there. */
export async function accepts(port: number, host: string): Promise<boolean> {
  const socket = connect({ port, host });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(1000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}

function elsewhereFailure({ port, host, lines }: PluginRun, ports: number[]) {
  const isOtherAddress = ports.includes(port);
  return {
    code: 'MESH_PLUGIN_NOT_LISTENING',
    seen: isOtherAddress
      ? `it listens on ${port}, but not at ${host}`
      : `it listens on ${ports.join(', ')}, not on ${port}`,
    fix: isOtherAddress ? 'listen on the HOST it is given' : 'use the PORT it is given',
    lines,
  } as const;
}
