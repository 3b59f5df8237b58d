import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { build, type BuildResult } from './languages.ts';

const CLIENTS = join(import.meta.dirname, '../clients');
const ROOT_PASSWORD = 'the password of root';

/** Installs the server, unless that has been done on this machine. */
export function buildDevpi(): Promise<BuildResult> {
  return build({ id: 'devpi-server' }, { folder: CLIENTS });
}

/** A real devpi server of a test's own, with one mirror that asks nobody. */
export class DevpiServer {
  readonly url: string;
  readonly rootPassword = ROOT_PASSWORD;
  readonly #bin: string;
  readonly #folder: string;
  #running: RunningProcess | undefined;

  private constructor(port: number, bin: string, folder: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#bin = bin;
    this.#folder = folder;
  }

  /** `folder`: where it was built. */
  static async start(folder: string): Promise<DevpiServer> {
    const data = await mkdtemp(join(tmpdir(), 'plugmesh-devpi-'));
    const server = new DevpiServer(await freePort(), join(folder, '.venv/bin'), data);
    await cp(await initialised(folder), data, { recursive: true });
    await server.#serve();
    return server;
  }

  /** Makes a user. */
  async addUser(name: string, password: string): Promise<void> {
    const answer = await fetch(`${this.url}/${name}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password }),
    });
    if (answer.status !== 201) throw new Error(`devpi answers ${answer.status}: ${await answer.text()}`);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #serve(): Promise<void> {
    const serve = [join(this.#bin, 'devpi-server'), '--serverdir', this.#folder, '--offline-mode'];
    this.#running = await startProcess([...serve, '--port', new URL(this.url).port], {
      ready: async () => (await fetch(`${this.url}/+api`)).ok,
      timeoutMs: 60_000,
    });
  }
}

/** The data of a new server, made once for a build: that takes seconds. */
async function initialised(folder: string): Promise<string> {
  const made = join(folder, '.data');
  if (existsSync(made)) return made;
  const unfinished = await mkdtemp(join(folder, '.data-'));
  const init = [join(folder, '.venv/bin/devpi-init'), '--serverdir', unfinished];
  const running = await startProcess([...init, '--root-passwd', ROOT_PASSWORD]);
  const { code } = await running.exited;
  if (code !== 0) throw new Error(running.output);
  // Somebody else may have been quicker.
  await rename(unfinished, made).catch(() => rm(unfinished, { recursive: true }));
  return made;
}
