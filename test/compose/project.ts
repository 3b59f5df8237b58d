import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@plugmesh/shared/testing';

const run = promisify(execFile);

export const ROOT = join(import.meta.dirname, '../..');

/** A container as `docker inspect` shows it; only what we look at. */
export interface Container {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Running: boolean;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string };
  };
  readonly HostConfig: { readonly ReadonlyRootfs: boolean; readonly CapDrop: readonly string[] | null };
  readonly Config: {
    readonly Env: readonly string[];
    readonly Labels: Readonly<Record<string, string | undefined>>;
  };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>;
  };
}

/** What a compose command may be given besides its arguments. */
interface CommandOptions {
  readonly timeoutMs?: number;
}

/** The shipped docker-compose.yml as a project of its own: own names, own port, own secret. */
export class ComposeProject {
  readonly name = `plugmesh-test-${process.pid}`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'plugmesh-compose-'));
  #port = 0;
  #program: readonly string[] = [];

  /** The secret and the tokens are made by `plugmesh init`, in a folder of ours, so that nobody's `.env` is touched. */
  async prepare(): Promise<void> {
    this.#port = await twoFreePorts();
    this.#program = await composeProgram();
    cpSync(join(ROOT, 'plugmesh.toml'), join(this.#folder, 'plugmesh.toml'));
    symlinkSync(join(ROOT, 'services'), join(this.#folder, 'services'));
    await this.#plugmesh('init');
  }

  /** Runs `./plugmesh` beside mesh, as an operator does. */
  command(...args: readonly string[]): Promise<string> {
    return this.compose(['exec', '-T', 'mesh', './plugmesh', ...args]);
  }

  /** What `plugmesh token` prints for this project. */
  async operatorToken(): Promise<string> {
    return (await this.#plugmesh('token')).trim();
  }

  /** Makes an API key of the first administrator, who has it before any password. */
  async apiKey(): Promise<string> {
    return (await this.command('key', 'create', 'admin', '--guard', 'session')).trim();
  }

  /** The official image has a /data that is Redis's own, and the volume takes that over; a rebuilt one may have none. */
  async prepareVolume(): Promise<void> {
    const volume = `${this.name}_redis`;
    await docker('volume', 'create', volume);
    const owner = ['--user', '0', '--entrypoint', 'chown', '--volume', `${volume}:/data`];
    await docker('run', '--rm', ...owner, 'redis:7-bookworm', 'redis:redis', '/data');
  }

  /** Runs compose; resolves to what it prints. */
  async compose(args: readonly string[], { timeoutMs = 120_000 }: CommandOptions = {}): Promise<string> {
    const [program = '', ...first] = this.#program;
    const where = [
      '--project-name',
      this.name,
      '--env-file',
      join(this.#folder, '.env'),
      '--project-directory',
      ROOT,
    ];
    const options = ['--file', join(ROOT, 'docker-compose.yml'), ...where, ...args];
    const { stdout } = await run(program, [...first, ...options], {
      cwd: ROOT,
      env: {
        ...process.env,
        PLUGMESH_PORT: `${this.#port}-${this.#port + 1}`,
        PLUGMESH_IMAGE: 'plugmesh-test',
      },
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 ** 2,
    });
    return stdout;
  }

  /** Every container of the project, in order of name. */
  async containers(): Promise<Container[]> {
    const ids = await docker(
      'ps',
      '--all',
      '--quiet',
      '--filter',
      `label=com.docker.compose.project=${this.name}`,
    );
    const list = ids.split('\n').filter((id) => id !== '');
    if (list.length === 0) return [];
    const found = JSON.parse(await docker('inspect', ...list)) as Container[];
    return found.sort((a, b) => (a.Name < b.Name ? -1 : 1));
  }

  /** The origins of the gateways, as the host reaches them. */
  async gateways(): Promise<string[]> {
    const containers = await this.containers();
    return containers
      .filter((each) => serviceOf(each) === 'gateway')
      .flatMap(({ NetworkSettings }) => Object.values(NetworkSettings.Ports).flatMap((ports) => ports ?? []))
      .map(({ HostPort }) => `http://127.0.0.1:${HostPort}`);
  }

  async #plugmesh(command: string): Promise<string> {
    const cli = join(ROOT, 'shared/src/cli/main.ts');
    const args = [cli, command, '--config', join(this.#folder, 'plugmesh.toml')];
    return (await run(process.execPath, args)).stdout;
  }

  /** Takes everything away but the images. */
  async remove(): Promise<void> {
    await this.compose(['down', '--volumes', '--remove-orphans']).finally(() =>
      rmSync(this.#folder, { recursive: true, force: true }),
    );
  }
}

/** Which service of the compose file a container is of. */
export function serviceOf({ Config }: Container): string {
  return Config.Labels['com.docker.compose.service'] ?? '';
}

/** A container's name without the project's, the same under every Compose. */
export function shortName(container: Container): string {
  const number = container.Config.Labels['com.docker.compose.container-number'] ?? '1';
  return `${serviceOf(container)}-${number}`;
}

/** Runs docker; resolves to what it prints. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', args, { timeout: 60_000, maxBuffer: 16 * 1024 ** 2 });
  return stdout.trim();
}

/** Compose 2 is a plugin of docker, compose 1 a program. */
async function composeProgram(): Promise<readonly string[]> {
  const isThere = await run('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  );
  return isThere ? ['docker', 'compose'] : ['docker-compose'];
}

/** The first of two ports in a row. */
async function twoFreePorts(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (await isFree(port + 1)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
