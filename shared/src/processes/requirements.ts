import { execFile } from 'node:child_process';
import { processEnvironment } from '../config/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { findProgram, programPath } from './program.ts';

/** How to get a program on Debian and macOS, and who has the newest; for others the name has to do. */
const SOURCES: Readonly<
  Record<string, { readonly apt: string; readonly brew: string; readonly site: string }>
> = {
  python3: { apt: 'python3 python3-venv', brew: 'python3', site: 'https://www.python.org/downloads' },
  node: { apt: 'nodejs', brew: 'node', site: 'https://nodejs.org' },
  go: { apt: 'golang-go', brew: 'go', site: 'https://go.dev/dl' },
  cargo: { apt: 'cargo', brew: 'rust', site: 'https://rustup.rs' },
  rustc: { apt: 'rustc', brew: 'rust', site: 'https://rustup.rs' },
  java: { apt: 'default-jre-headless', brew: 'openjdk', site: 'https://adoptium.net' },
  ruby: { apt: 'ruby', brew: 'ruby', site: 'https://www.ruby-lang.org' },
  php: { apt: 'php-cli', brew: 'php', site: 'https://www.php.net' },
};

/** `go` and `java` have commands of their own for what others call `--version`. */
const VERSION_ARGUMENT: Readonly<Record<string, string>> = { go: 'version', java: '-version' };
const TIMEOUT_MS = 10_000;
const NUMBER = /\d+(?:\.\d+)*/;

/** The first program of `requires` that is missing or too old, with what to do; undefined when all are there. */
export async function missingRequirement(manifest: Manifest): Promise<string | undefined> {
  const checks = Object.entries(manifest.requires).map(([name, range]) =>
    problemWith(name, range, manifest.folder),
  );
  return (await Promise.all(checks)).find((problem) => problem !== undefined);
}

async function problemWith(name: string, range: string, folder: string): Promise<string | undefined> {
  const needed = `MESH_REQUIREMENT_MISSING '${name}' ${range} is needed`;
  const path = findProgram(name, programPath(processEnvironment()), folder);
  if (path === undefined) return `${needed} and not on PATH${missingHint(name)}`;
  if (!NUMBER.test(range)) return undefined;
  const argument = VERSION_ARGUMENT[name] ?? '--version';
  const { version, failure } = await versionOf(path, argument);
  // A stand-in that only says how to install the program (rustup's, macOS's) is not the program.
  if (version === undefined && failure !== undefined)
    return `${needed}, and '${path} ${argument}' fails${failure === '' ? '' : `: ${failure}`}${missingHint(name)}`;
  if (version === undefined || satisfies(version, range)) return undefined;
  return `${needed}, ${version} is installed (${path})${newerHint(name)}`;
}

function missingHint(name: string): string {
  const source = SOURCES[name];
  if (!source) return '';
  const command =
    process.platform === 'darwin' ? `brew install ${source.brew}` : `apt-get install ${source.apt}`;
  return `; install it: ${command}, or ${source.site}`;
}

/** What the system's own packages have is what is too old. */
function newerHint(name: string): string {
  const source = SOURCES[name];
  return source ? `; newer ones: ${source.site}` : '';
}

/** What a program says of itself. */
interface VersionAnswer {
  /** The first number with a dot that it prints. */
  readonly version: string | undefined;
  /** What it wrote first when it failed. */
  readonly failure: string | undefined;
}

async function versionOf(path: string, argument: string): Promise<VersionAnswer> {
  const { promise, resolve } = Promise.withResolvers<VersionAnswer>();
  execFile(path, [argument], { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
    const output = `${stdout}${stderr}`;
    const version = /\d+(?:\.\d+)+/.exec(output)?.[0];
    resolve({ version, failure: error ? (output.trim().split('\n')[0] ?? '') : undefined });
  });
  return promise;
}

/** Whether a version fulfils `>=a.b.c`; other ranges than `>=` and `*` count as `>=` of their number. */
export function satisfies(version: string, range: string): boolean {
  const least = (NUMBER.exec(range)?.[0] ?? '0').split('.').map(Number);
  const have = version.split('.').map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = have[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
