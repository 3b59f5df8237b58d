import { execFile } from 'node:child_process';
import { processEnvironment } from '../config/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { findProgram, programPath } from './program.ts';

/** How to get a program; for others the name has to do. */
const HINTS: Readonly<Record<string, string>> = {
  python3: 'apt-get install python3 python3-venv',
  go: 'apt-get install golang-go',
  cargo: 'apt-get install cargo',
  rustc: 'apt-get install rustc',
  java: 'apt-get install default-jre-headless',
  ruby: 'apt-get install ruby',
  php: 'apt-get install php-cli',
};

/** `go` and `java` have commands of their own for what others call `--version`. */
const VERSION_ARGUMENT: Readonly<Record<string, string>> = { go: 'version', java: '-version' };
const TIMEOUT_MS = 10_000;

/** The first program of `requires` that is missing or too old, with what to do; undefined when all are there. */
export async function missingRequirement(manifest: Manifest): Promise<string | undefined> {
  const checks = Object.entries(manifest.requires).map(([name, range]) =>
    problemWith(name, range, manifest.folder),
  );
  return (await Promise.all(checks)).find((problem) => problem !== undefined);
}

async function problemWith(name: string, range: string, folder: string): Promise<string | undefined> {
  const path = findProgram(name, programPath(processEnvironment()), folder);
  const hint = HINTS[name] ? `; Debian: ${HINTS[name]}` : '';
  if (path === undefined)
    return `MESH_REQUIREMENT_MISSING '${name}' ${range} is needed and not on PATH${hint}`;
  const version = await versionOf(path, VERSION_ARGUMENT[name] ?? '--version');
  if (version === undefined || satisfies(version, range)) return undefined;
  return `MESH_REQUIREMENT_MISSING '${name}' ${range} is needed, ${version} is installed${hint}`;
}

/** The first number with a dot that the program prints; undefined when it prints none. */
async function versionOf(path: string, argument: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(path, [argument], { timeout: TIMEOUT_MS }, (_error, stdout, stderr) =>
    resolve(`${stdout}${stderr}`),
  );
  return /\d+(?:\.\d+)+/.exec(await promise)?.[0];
}

/** Whether a version fulfils `>=a.b.c`; other ranges than `>=` and `*` count as `>=` of their number. */
export function satisfies(version: string, range: string): boolean {
  const least = (/\d+(?:\.\d+)*/.exec(range)?.[0] ?? '0').split('.').map(Number);
  const have = version.split('.').map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = have[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
