import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname } from 'node:path';
import { processEnvironment } from '../config/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { processesWithEnvironment } from './proc.ts';
import { findProgram, programPath } from './program.ts';

/** Where a setup writes, and what breaks it off. */
export interface SetupOptions {
  readonly logFile: string;
  readonly stopped: AbortSignal | undefined;
}

const OUTPUT_KEPT = 1500;
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
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile, { flags: 'a' });
  // Without a log the setup runs all the same.
  log.on('error', () => undefined);
  log.write(`$ ${command.join(' ')}\n`);
  const [program = '', ...args] = command;
  const path = programPath(processEnvironment());
  const child = spawn(findProgram(program, path, folder) ?? program, args, {
    cwd: folder,
    env: { ...keptEnvironment(), PATH: path, [LOG_VARIABLE]: logFile },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what it has started can be ended with it.
    detached: true,
  });
  if (child.pid !== undefined) stepBack(child.pid);
  const end = (): void => {
    if (child.pid !== undefined) kill(-child.pid);
  };
  stopped?.addEventListener('abort', end);
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
    log.write(chunk);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  child.once('error', (error) => resolve(`'${command.join(' ')}' could not be run: ${error.message}`));
  child.once('close', (code) =>
    resolve(code === 0 ? undefined : `'${command.join(' ')}' ended with ${String(code)}: ${output.trim()}`),
  );
  return promise.finally(() => {
    stopped?.removeEventListener('abort', end);
    log.end();
  });
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
  for (const pid of processesWithEnvironment(`${LOG_VARIABLE}=${logFile}\0`)) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}

function keptEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(processEnvironment());
  return Object.fromEntries(entries.filter(([name]) => KEPT.some((pattern) => pattern.test(name))));
}
