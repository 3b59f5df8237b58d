import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { processEnvironment } from '../../config/plugin-environment.ts';
import { MeshError } from '../../errors/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { freePort } from '../../testing/free-port.ts';
import { startProcess, type RunningProcess } from '../../testing/start-process.ts';

/** What a test's mesh is made of. */
export interface TestMeshOptions {
  /** Folders of plugins, each with its `plugin.json`; relative to the working directory. */
  readonly plugins: readonly string[];
  /** More of `plugmesh.toml`. */
  readonly toml?: string;
  /** The folder of plugmesh; default `PLUGMESH_HOME`, else the nearest one above the working directory. */
  readonly home?: string;
}

const START_MS = 180_000;

/** A whole mesh of real processes, with ports and a folder of its own, and one's own plugins in it. */
export async function createTestMesh(options: TestMeshOptions): Promise<TestMesh> {
  const home = resolve(options.home ?? findHome());
  const launcher = join(home, 'plugmesh');
  // Without this one there are no users.
  const folders = [join(home, 'services/accounts'), ...options.plugins];
  const plugins = await Promise.all(folders.map(locate));
  const folder = await mkdtemp(join(tmpdir(), 'plugmesh-test-'));
  const [gateway, channel, mesh] = [await freePort(), await freePort(), await freePort()];
  const ports = `[gateway]\nport = ${gateway}\n[channel]\nport = ${channel}\n[mesh]\nport = ${mesh}\n`;
  const sections = plugins.map(({ name, path }) => `[plugins.${name}]\nfolder = ${JSON.stringify(path)}\n`);
  const toml = `[core]\nmode = "development"\n${ports}${sections.join('')}${options.toml ?? ''}`;
  await writeFile(join(folder, 'plugmesh.toml'), toml);
  const created = new TestMesh({ launcher, folder, origin: `http://127.0.0.1:${gateway}` });
  try {
    await created.start(plugins.map(({ name }) => name));
    return created;
  } catch (error) {
    await created.stop();
    throw error;
  }
}

async function locate(folder: string): Promise<{ readonly name: string; readonly path: string }> {
  const path = resolve(folder);
  const { name } = JSON.parse(await readFile(join(path, 'plugin.json'), 'utf8')) as { name: string };
  return { name, path };
}

function findHome(): string {
  const told = processEnvironment()['PLUGMESH_HOME'];
  if (told !== undefined) return told;
  for (let folder = process.cwd(); folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, 'plugmesh')) && existsSync(join(folder, 'ecosystem.config.js')))
      return folder;
  throw new MeshError('MESH_USAGE', 'there is no plugmesh above the working directory', {
    fix: "set PLUGMESH_HOME to its folder, or give createTestMesh 'home'",
  });
}

interface PluginView {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
}

const SETTLED = new Set(['ready', 'unready', 'disabled', 'skipped', 'invalid']);

interface TestMeshParts {
  readonly launcher: string;
  readonly folder: string;
  readonly origin: string;
}

/** A mesh in a test. */
export class TestMesh {
  /** Where the gateway is. */
  readonly origin: string;
  readonly #parts: TestMeshParts;
  #running: RunningProcess | undefined;

  constructor(parts: TestMeshParts) {
    this.origin = parts.origin;
    this.#parts = parts;
  }

  /** Starts it, and waits until these plugins are ready. Rejects with the reason of one that will not be. */
  async start(plugins: readonly string[]): Promise<void> {
    // A test that ends without `stop`, by Ctrl-C in its runner too, leaves no processes behind.
    process.once('exit', this.#abandon);
    this.#running = await this.#run(['up', '--yes'], /Ready in/);
    const settled = await eventually(() => this.#settled(plugins), { timeoutMs: START_MS, everyMs: 100 });
    const failed = settled.find(({ state }) => state !== 'ready');
    if (failed)
      throw new Error(`'${failed.id}' is ${failed.state}: ${failed.reason ?? 'it does not say why'}`);
  }

  /** A request through the gateway. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.origin), init);
  }

  /** Makes a user with these roles. Resolves to the headers by which requests are theirs. */
  async user(name: string, ...roles: string[]): Promise<Readonly<Record<string, string>>> {
    const guards = roles.includes('admin') ? ['key', 'session', 'admin'] : ['key', 'session'];
    await this.command('user', 'create', name, ...roles.flatMap((role) => ['--role', role]));
    const made = await this.command(
      'key',
      'create',
      name,
      ...guards.flatMap((guard) => ['--guard', guard]),
      '--json',
    );
    const { key } = JSON.parse(made) as { key: string };
    return { 'x-api-key': key };
  }

  /** Runs a command of the launcher to its end. Resolves to what it has written; rejects when it fails. */
  async command(...args: string[]): Promise<string> {
    const running = await this.#run(args);
    const { code } = await running.exited;
    if (code !== 0) throw new Error(`plugmesh ${args.join(' ')} has failed:\n${running.output}`);
    return running.output;
  }

  /** Everything that the mesh has written. */
  get output(): string {
    return this.#running?.output ?? '';
  }

  /** Stops all of its processes and removes its folder. */
  async stop(): Promise<void> {
    process.off('exit', this.#abandon);
    await this.#running?.stop(30_000);
    await rm(this.#parts.folder, { recursive: true, force: true });
  }

  readonly #abandon = (): void => void this.#running?.child.kill('SIGTERM');

  /** How these plugins are, once none of them is on its way any more. */
  async #settled(names: readonly string[]): Promise<readonly PluginView[] | undefined> {
    const answer = await this.fetch('/mesh/plugins');
    const { plugins } = (await answer.json()) as { plugins: readonly PluginView[] };
    const own = plugins.filter(({ id, state }) => names.includes(id) && SETTLED.has(state));
    return own.length === names.length ? own : undefined;
  }

  #run(args: readonly string[], ready?: RegExp): Promise<RunningProcess> {
    const { launcher, folder } = this.#parts;
    const { HOME = folder } = processEnvironment();
    const env = { HOME, PLUGMESH_FILE: join(folder, 'plugmesh.toml') };
    return startProcess([launcher, ...args], { env, timeoutMs: START_MS, ...(ready && { ready }) });
  }
}
