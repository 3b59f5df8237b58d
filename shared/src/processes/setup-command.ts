import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname } from 'node:path';
import { processEnvironment } from '../config/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { killNow, processesWithEnvironment } from './proc.ts';
import { findProgram, programPath } from './program.ts';

/** Where a setup writes, and what breaks it off. */
export interface SetupOptions {
  readonly logFile: string;
  readonly stopped: AbortSignal | undefined;
}

const OUTPUT_KEPT = 1500;
/** The largest builds are over by then; what hangs is told. */
const TIMEOUT_MS = 30 * 60_000;
const LOG_VARIABLE = 'PLUGMESH_SETUP_LOG';

/** What package managers read to reach their registries: they run as the operator, unlike the plugin itself. */
const KEPT = [
  /^(HOME|LANG|TMPDIR)$/,
  /^(https?|no|all)_proxy$/i,
  /^(SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)$/,
  /^(PIP|UV|CARGO|RUSTUP|npm_config)_/,
  /^GO(PROXY|PRIVATE|NOPROXY|SUMDB|NOSUMDB|FLAGS|PATH|CACHE|MODCACHE|TOOLCHAIN)$/,
];

/** Runs one command of a plugin's setup. Resolves to what went wrong, with the last it wrote, or to undefined. */
export async function runSetupCommand(
  { folder }: Manifest,
  command: readonly string[],
  { logFile, stopped }: SetupOptions,
): Promise<string | undefined> {
  endEarlier(logFile);
  const said = command.join(' ');
  const output = new SetupOutput(logFile, said);
  const [program = '', ...args] = command;
  const path = programPath(processEnvironment());
  const child = spawn(findProgram(program, path, folder) ?? program, args, {
    cwd: folder,
    env: { ...keptEnvironment(), PATH: path, [LOG_VARIABLE]: logFile },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what it has started can be ended with it.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.add(chunk));
  if (child.pid !== undefined) stepBack(child.pid);
  const overdue = AbortSignal.timeout(TIMEOUT_MS);
  const end = (): void => {
    if (child.pid !== undefined) killNow(-child.pid);
  };
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  child.once('error', (error) => resolve(`'${said}' could not be run: ${error.message}`));
  child.once('close', (code) => {
    const how = overdue.aborted
      ? `took longer than ${TIMEOUT_MS / 60_000} minutes`
      : `ended with ${String(code)}`;
    resolve(code === 0 ? undefined : `'${said}' ${how}: ${output.last}`);
  });
  for (const signal of [overdue, stopped]) signal?.addEventListener('abort', end);
  return promise.finally(() => {
    for (const signal of [overdue, stopped]) signal?.removeEventListener('abort', end);
    output.end();
  });
}

/** What a setup writes: all of it in a file, the last of it at hand. */
class SetupOutput {
  readonly #log: WriteStream;
  #last = '';

  constructor(file: string, command: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.#log = createWriteStream(file, { flags: 'a' });
    // Without a log the setup runs all the same.
    this.#log.on('error', () => undefined);
    this.#log.write(`$ ${command}\n`);
  }

  get last(): string {
    return this.#last.trim();
  }

  add(chunk: Buffer): void {
    this.#last = (this.#last + chunk.toString()).slice(-OUTPUT_KEPT);
    this.#log.write(chunk);
  }

  end(): void {
    this.#log.end();
  }
}

/** A build may take every core: what serves goes first. */
function stepBack(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already.
  }
}

/** A mesh that was killed leaves its setup running: two at once would write the same files. */
function endEarlier(logFile: string): void {
  for (const pid of processesWithEnvironment(`${LOG_VARIABLE}=${logFile}\0`)) killNow(pid);
}

function keptEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(processEnvironment());
  return Object.fromEntries(entries.filter(([name]) => KEPT.some((pattern) => pattern.test(name))));
}
