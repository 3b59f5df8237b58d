import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { dirname, join } from 'node:path';
import { loadConfig, type Config } from '@plugmesh/shared/config';
import { loadSecrets, operatorToken, pluginToken } from '@plugmesh/shared/identity';
import { listeningPorts, meshProcessIds } from '@plugmesh/shared/processes';
import { eventually, freePort } from '@plugmesh/shared/testing';

/** The script that a user calls. */
export const LAUNCHER = join(import.meta.dirname, '../../../plugmesh');
/** What that becomes. */
const CLI = join(import.meta.dirname, '../../../shared/src/cli/main.ts');

/** A plugin as `/mesh/plugins` shows it to the operator. */
export interface PluginView {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly instances: readonly {
    readonly id: string;
    readonly url: string;
    readonly state: string;
    readonly pid?: number;
  }[];
}

/** A process as `/mesh/status` shows it to the operator. */
export interface ProcessView {
  readonly name: string;
  readonly pid?: number;
  readonly restarts: number;
}

/** Files of a plugin: name → text. A `plugin.json` may be given as an object. */
export type PluginFiles = Readonly<Record<string, string | object>>;

/** What a command is given. */
export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** How a command has ended. */
export interface RunResult {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test's mesh is made of. */
export interface TestMeshOptions {
  readonly plugins?: Readonly<Record<string, PluginFiles>>;
  readonly toml?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Tests share the machine with compilers and browsers: whether the gateway keeps up then is not what they ask. */
const PATIENT = { PLUGMESH__GATEWAY__LIMITS__EVENT_LOOP_DELAY: '10s' };

/** A whole mesh in a temporary folder with ports of its own, run by the launcher as a user would. */
export class TestMesh {
  readonly folder: string;
  readonly file: string;
  readonly config: Config;
  readonly origin: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #output = '';
  #exit: Promise<number | string> = Promise.resolve(0);

  private constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.file = join(folder, 'plugmesh.toml');
    this.config = loadConfig({ file: this.file, env: {} });
    this.origin = `http://127.0.0.1:${this.config.gateway.port}`;
    this.#env = { ...PATIENT, ...env };
  }

  static async create({ plugins = {}, toml = '', env = {} }: TestMeshOptions = {}): Promise<TestMesh> {
    const folder = await mkdtemp(join(tmpdir(), 'plugmesh-mesh-'));
    const [gateway, channel, mesh] = [await freePort(), await freePort(), await freePort()];
    const ports = `[gateway]\nport = ${gateway}\n[channel]\nport = ${channel}\n[mesh]\nport = ${mesh}\n`;
    await writeFile(join(folder, 'plugmesh.toml'), `[core]\nmode = "development"\n${ports}${toml}`);
    const created = new TestMesh(folder, env);
    for (const [id, files] of Object.entries(plugins)) await created.addPlugin(id, files);
    return created;
  }

  async addPlugin(id: string, files: PluginFiles): Promise<void> {
    const folder = join(this.folder, 'services', id);
    // The manifest last: mesh looks for it while we write.
    const entries = Object.entries(files).sort(
      ([a], [b]) => Number(a === 'plugin.json') - Number(b === 'plugin.json'),
    );
    for (const [name, content] of entries) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
  }

  /** Removes a plugin's folder and waits until the mesh has forgotten it and its processes are gone. */
  async removePlugin(id: string): Promise<void> {
    await rm(join(this.folder, 'services', id), { recursive: true, force: true });
    const isGone = async (): Promise<boolean> => {
      const processes = await this.runningProcesses();
      // `ships`, its second instance `ships:1`, its third generation `ships.3`.
      const isLeft = processes.some(({ name }) => name.split(/[.:]/)[0] === id);
      return !isLeft && (await this.plugin(id)) === undefined;
    };
    await eventually(isGone, { timeoutMs: 15_000 });
    await eventually(async () => (await fetch(`${this.origin}/api/${id}/`)).status === 404);
  }

  /** Everything that `up` has written. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Runs a command of the launcher to its end. */
  async command(...args: string[]): Promise<{ code: number | string; output: string }> {
    const { child, output } = this.#spawn(args);
    const code = await ended(child);
    return { code, output: output() };
  }

  /** The same without the launcher, with what it is given on stdin and in its environment, and what it prints apart. */
  async run(args: readonly string[], { input = '', env = {} }: RunOptions = {}): Promise<RunResult> {
    const child = spawn(process.execPath, [CLI, ...args], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        PLUGMESH_FILE: this.file,
        ...this.#env,
        ...env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => undefined).end(input);
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]);
    return { code, stdout, stderr };
  }

  /** Runs a line of shell in which `./plugmesh` is a command, to the end of all that it starts. */
  async shell(line: string): Promise<{ code: number | string; output: string }> {
    const script = line.replaceAll('./plugmesh', `"${process.execPath}" "${CLI}"`);
    const child = spawn('sh', ['-c', `{ ${script}; } 2>&1`], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PLUGMESH_FILE: this.file, ...this.#env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output, code] = await Promise.all([text(child.stdout), ended(child)]);
    return { code, output };
  }

  /** Starts a command that goes on until it is stopped. */
  follow(...args: string[]): { output: () => string; stop: () => Promise<unknown> } {
    const { child, output } = this.#spawn(args);
    const exit = ended(child);
    const stop = (): Promise<unknown> => {
      child.kill('SIGTERM');
      return exit;
    };
    return { output, stop };
  }

  /** Starts `up` without waiting for anything. */
  launch(...options: string[]): void {
    const { child, output } = this.#spawn(['up', ...options], (text) => (this.#output = text));
    this.#output = output();
    this.#child = child;
    this.#exit = ended(child);
  }

  /** Starts `up` and waits until it has shown the mesh. */
  async up(...options: string[]): Promise<void> {
    this.launch(...options);
    let hasEnded = false;
    void this.#exit.then(() => (hasEnded = true));
    await eventually(() => hasEnded || this.#output.includes('Ready in'), { timeoutMs: 30_000 }).catch(
      () => undefined,
    );
    if (!this.#output.includes('Ready in')) throw new Error(`the mesh did not come up:\n${this.#output}`);
  }

  /** Sends a signal to the launcher's process alone, and resolves to its exit code or signal. */
  async signal(signal: NodeJS.Signals): Promise<number | string> {
    this.#child?.kill(signal);
    return this.#exit;
  }

  get exited(): Promise<number | string> {
    return this.#exit;
  }

  /** Stops the mesh if it runs. */
  async stop(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.signal('SIGTERM');
  }

  /** Stops what still runs and removes the folder. */
  async remove(): Promise<void> {
    await this.stop();
    for (const pid of this.processes()) process.kill(pid, 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Every process of this mesh that is alive, the launcher aside. */
  processes(): number[] {
    return meshProcessIds(this.config).filter((pid) => pid !== this.pid);
  }

  /** The same with their command lines, for the report of a failure. */
  describeProcesses(): string {
    const command = (pid: number): string =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return this.processes()
      .map((pid) => `${pid} ${command(pid)}`)
      .join('\n');
  }

  /** Ports of this mesh that somebody listens on. */
  heldPorts(): number[] {
    const { gateway, channel, mesh } = this.config;
    return [gateway.port, channel.port, mesh.port].filter((port) => listeningPorts().has(port));
  }

  /** Calls mesh as its operator. */
  async operator(method: string, path: string): Promise<Response> {
    const authorization = `Bearer ${operatorToken(loadSecrets(this.config))}`;
    return fetch(`http://127.0.0.1:${this.config.mesh.port}${path}`, { method, headers: { authorization } });
  }

  /** The token that a plugin of this mesh is given. */
  pluginToken(id: string): string {
    return pluginToken(loadSecrets(this.config), id);
  }

  async plugin(id: string): Promise<PluginView | undefined> {
    const { plugins } = (await (await this.operator('GET', '/mesh/plugins')).json()) as {
      plugins: PluginView[];
    };
    return plugins.find((plugin) => plugin.id === id);
  }

  async runningProcesses(): Promise<readonly ProcessView[]> {
    const { processes } = (await (await this.operator('GET', '/mesh/status')).json()) as {
      processes: ProcessView[];
    };
    return processes;
  }

  /** Waits until a plugin is in a state, and resolves to it. */
  async untilState(id: string, state: string, timeoutMs = 15_000): Promise<PluginView> {
    return eventually(
      async () => {
        const plugin = await this.plugin(id);
        if (plugin?.state !== state) throw new Error(`${id} is ${JSON.stringify(plugin)}, not ${state}`);
        return plugin;
      },
      { timeoutMs },
    );
  }

  #spawn(args: readonly string[], onOutput: (text: string) => void = () => undefined) {
    let text = '';
    const child = spawn(LAUNCHER, args, {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PLUGMESH_FILE: this.file, ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => onOutput((text += chunk.toString())));
    return { child, output: () => text };
  }
}

function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
}
