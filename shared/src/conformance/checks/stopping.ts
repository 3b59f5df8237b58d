import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { commandOf, PLUGIN_STOP_MS, portHolder } from '../../processes/index.ts';
import { type Check, failed, missing, type Outcome, passed, skipped } from '../check.ts';
import type { Ended, PluginRun } from '../plugin-run.ts';
import type { Subject } from '../subject.ts';

/** What is put on the desk of a process that is told to stop. */
const HALF = 'HTTP/1.1\r\nHost: check\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{';
const TAKEN_UP_MS = 300;
const LEFT_OPEN_WITHIN_MS = 2000;

/** That it says how it is, and ends in order. */
export const stoppingChecks: readonly Check[] = [
  {
    id: 'health',
    level: 1,
    sentence: 'says that it is well: 2xx on its health route',
    fix: "answer GET /healthz with 200 while it can work, with 503 while it cannot; another path is 'http.health'",
    needs: ['http'],
    run: checkHealth,
  },
  stopsOn('SIGTERM'),
  {
    id: 'starts-again',
    level: 1,
    sentence: 'starts again at once on the same port',
    fix: 'let go of the port and of lock files when it ends; listen with SO_REUSEADDR',
    needsProcess: true,
    needs: ['sigterm'],
    async run(subject) {
      // The check before has ended it; if not, so does this.
      const { lastRun } = subject.bench;
      if (lastRun && !lastRun.end) await lastRun.endBy('SIGTERM', PLUGIN_STOP_MS);
      await subject.ask(subject.pathAt('/'));
      return passed();
    },
  },
  stopsOn('SIGINT'),
  {
    id: 'finishes',
    level: 1,
    sentence: 'answers a request that is under way before it ends',
    fix: 'stop accepting on SIGTERM, finish what is open, then end',
    needsProcess: true,
    needs: ['sigterm'],
    run: checkFinishes,
  },
  {
    id: 'leaves-nothing',
    level: 1,
    sentence: 'leaves no process behind, and lets go of its port',
    fix: 'end what it has started before it ends: the mesh cannot know of it',
    needsProcess: true,
    needs: ['sigterm'],
    async run({ bench }) {
      const run = await bench.running();
      await run.endBy('SIGTERM', PLUGIN_STOP_MS);
      const [left] = run.leftovers();
      if (left !== undefined) return failed(`process ${left} is still there (${commandOf(left)})`);
      const holder = portHolder(run.port);
      return holder
        ? failed(`process ${holder.pid} still listens on ${run.port} (${holder.command})`)
        : passed();
    },
  },
];

async function checkHealth(subject: Subject): Promise<Outcome> {
  const path = subject.http.health;
  const { status, text } = await subject.ask(path);
  if (status >= 200 && status < 300) return passed();
  if (status === 404) return missing(`nothing is at ${path}: the mesh only sees whether it listens`);
  const lines = subject.isStartedHere ? (subject.bench.lastRun?.lines ?? []) : [];
  return failed(`GET ${path} is answered with ${status}${reasonIn(text)}`, { lines });
}

/** What a health route says besides its status, as the SDK's does. */
function reasonIn(text: string): string {
  try {
    const { reason } = Object(JSON.parse(text)) as { reason?: unknown };
    return typeof reason === 'string' ? `: ${reason}` : '';
  } catch {
    return '';
  }
}

function stopsOn(signal: 'SIGTERM' | 'SIGINT'): Check {
  return {
    id: signal.toLowerCase(),
    level: 1,
    sentence: `ends on ${signal} within 5 s with code 0, with an idle connection open`,
    fix: `on ${signal} stop accepting, close idle connections, finish what is open, and end with code 0`,
    needsProcess: true,
    needs: ['http'],
    async run(subject) {
      const run = await subject.bench.running();
      const agent = new Agent({ keepAlive: true });
      try {
        await leaveOpen(agent, run, subject.pathAt('/'));
        const end = await run.endBy(signal, PLUGIN_STOP_MS);
        return end ? howItEnded(end, { run, signal }) : await stillThere(run, signal);
      } finally {
        agent.destroy();
      }
    },
  };
}

function howItEnded(end: Ended, { run, signal }: { run: PluginRun; signal: string }): Outcome {
  if (end.signal !== null)
    return failed(
      `it has no handler for ${signal}: the signal itself ended it, and every open request with it`,
    );
  return end.code === 0 ? passed() : failed(`it ended with code ${String(end.code)}`, { lines: run.lines });
}

async function stillThere(run: PluginRun, signal: string): Promise<Outcome> {
  const { lines } = run;
  await run.kill();
  return failed(`it still ran ${PLUGIN_STOP_MS / 1000} s after ${signal}`, {
    code: 'MESH_PLUGIN_NOT_STOPPING',
    lines,
  });
}

/** A request whose connection stays open and idle afterwards. */
async function leaveOpen(agent: Agent, { host, port }: PluginRun, path: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const request = get({ agent, host, port, path }, (response) => {
      response.resume().once('close', resolve).once('end', resolve);
    });
    // How it answers is another check's; of a stream there is no end.
    request.once('error', () => resolve()).setTimeout(LEFT_OPEN_WITHIN_MS, () => resolve());
  });
}

async function checkFinishes(subject: Subject): Promise<Outcome> {
  const run = await subject.bench.running();
  const socket = connect({ host: run.host, port: run.port });
  let answer = '';
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (answer += chunk.toString()));
  try {
    socket.write(`POST ${subject.pathAt('/')} ${HALF}`);
    await once(socket, 'data', { signal: AbortSignal.timeout(TAKEN_UP_MS) }).catch(() => undefined);
    if (answer !== '' || socket.destroyed)
      return skipped('it answers before it has read the body: no request could be kept waiting');
    const outcome = await finish(run, socket, () => answer);
    return outcome;
  } finally {
    socket.destroy();
  }
}

async function finish(run: PluginRun, socket: Socket, answer: () => string): Promise<Outcome> {
  const ending = run.endBy('SIGTERM', PLUGIN_STOP_MS);
  // It has taken notice by then, or it ends without looking.
  await run.endsWithin(TAKEN_UP_MS);
  socket.write('}');
  await ending;
  if (answer().startsWith('HTTP/')) return passed();
  return passed('it cuts a request whose body is still on its way when it is told to end');
}
