import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, resolve } from 'node:path';

/** The PATH of everything we start: our own Node first, so that `node` means the same everywhere. */
export function programPath(env: NodeJS.ProcessEnv): string {
  const own = dirname(process.execPath);
  const rest = (env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin')
    .split(delimiter)
    .filter((each) => each !== own);
  return [own, ...rest].join(delimiter);
}

/** The absolute path of a program: as named (relative to `folder`), or found on PATH. */
export function findProgram(name: string, path: string, folder: string): string | undefined {
  const places = name.includes('/')
    ? [isAbsolute(name) ? name : resolve(folder, name)]
    : path.split(delimiter).map((each) => resolve(each, name));
  return places.find(isExecutable);
}

/** The Redis server program of this machine, Valkey's included. */
export function findRedisServer(path: string): string | undefined {
  return findProgram('redis-server', path, '/') ?? findProgram('valkey-server', path, '/');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
