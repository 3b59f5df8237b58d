import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** Debian keeps the server's programs out of PATH, by version. */
const DEBIAN = '/usr/lib/postgresql';
/** PostgreSQL refuses to run as root; then it runs as `nobody`. */
const NOBODY = 65_534;
/** For a test, what is lost with the machine is lost anyway. */
const QUICK = ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'];

/** A real PostgreSQL server of a test's own, in a temporary folder, on a free port of this machine. */
export class PostgresServer {
  readonly url: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(port: number, folder: string, process: ChildProcess) {
    this.url = `postgres://plugmesh@127.0.0.1:${port}/postgres`;
    this.#folder = folder;
    this.#process = process;
  }

  /** Why there is none on this machine, or undefined. */
  static get missing(): string | undefined {
    return program('postgres') === undefined ? 'PostgreSQL was not found' : undefined;
  }

  /** Makes a cluster, starts the server and waits until it accepts connections. */
  static async start(): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'plugmesh-postgres-'));
    const port = await freePort();
    const options = await ordinaryUser(folder);
    const data = join(folder, 'data');
    const made = spawn(
      programOrFail('initdb'),
      ['-D', data, '-U', 'plugmesh', '-A', 'trust', '--no-sync', '--no-instructions', '-E', 'UTF8'],
      options,
    );
    const [code] = (await once(made, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`initdb ended with ${String(code)}`);
    const where = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder];
    const server = spawn(programOrFail('postgres'), [...where, ...QUICK], {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    server.stderr.on('data', (text: Buffer) => (output += text.toString()));
    await eventually(() => output.includes('ready to accept connections'), { timeoutMs: 20_000 });
    return new PostgresServer(port, folder, server);
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    // Immediate shutdown: it does not wait for clients.
    this.#process.kill('SIGQUIT');
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function ordinaryUser(folder: string): Promise<SpawnOptions> {
  const options: SpawnOptions = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
  if (process.getuid?.() !== 0) return options;
  await chown(folder, NOBODY, NOBODY);
  return { ...options, uid: NOBODY, gid: NOBODY };
}

function programOrFail(name: string): string {
  const found = program(name);
  if (found === undefined)
    throw new Error(`'${name}' was not found: install PostgreSQL (Debian: apt-get install postgresql)`);
  return found;
}

function program(name: string): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  return folders.map((folder) => join(folder, name)).find(existsSync);
}
