import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/index.ts';
import { HOME, satisfies } from '../../processes/index.ts';
import { fine, type Finding, warning, wrong } from './finding.ts';

const LEAST_NODE = '24.12.0';
const LITTLE_DISK = 2 ** 30;
const NO_DISK = 100 * 2 ** 20;
/** Each socket takes one; a gateway takes two for each request. */
const FEW_FILES = 10_000;

/** Node and its packages. */
export function checkProgram(): Finding[] {
  return [checkNode(), checkPackages()];
}

/** What the mesh writes, and where. */
export function checkHost(config: Config): Finding[] {
  return [...checkStateDir(config), checkDisk(config), ...checkFiles()];
}

function checkNode(): Finding {
  const { node } = process.versions;
  return satisfies(node, `>=${LEAST_NODE}`)
    ? fine('node', `${node}, ${process.execPath}`)
    : wrong('node', `${node} is older than ${LEAST_NODE}`, 'start by ./plugmesh, which brings a newer one');
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly optional?: boolean; readonly dev?: boolean }>
  >;
}

/** npm keeps beside the packages what it has installed. */
function checkPackages(): Finding {
  const fix = 'npm ci, or start by ./plugmesh, which does that';
  const installed = readLock('node_modules/.package-lock.json');
  const wanted = readLock('package-lock.json');
  if (!installed || !wanted) return wrong('npm packages', 'they are not installed', fix);
  const needed = Object.entries(wanted.packages).filter(
    ([name, { optional, dev }]) => name.includes('node_modules/') && optional !== true && dev !== true,
  );
  const missing = needed.filter(([name]) => installed.packages[name] === undefined);
  const other = needed.filter(([name, { version }]) => installed.packages[name]?.version !== version);
  const [first] = missing[0] ?? other[0] ?? [];
  if (missing.length > 0)
    return wrong('npm packages', `${missing.length} are missing, as ${String(first)}`, fix);
  return other.length > 0
    ? warning('npm packages', `${other.length} are not those of package-lock.json, as ${String(first)}`, fix)
    : fine('npm packages', `${needed.length}, as package-lock.json has them`);
}

function readLock(file: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(join(HOME, file), 'utf8')) as Lock;
  } catch {
    return undefined;
  }
}

function checkStateDir({ stateDir }: Config): Finding[] {
  const folder = existing(stateDir);
  if (!isWritable(folder))
    return [
      wrong('state folder', `${folder} cannot be written`, `let this user own it, or set core.state_dir`),
    ];
  const secret = join(stateDir, 'secret');
  const mode = existsSync(secret) ? statSync(secret).mode & 0o777 : 0o600;
  if ((mode & 0o077) !== 0)
    return [
      wrong(
        'state folder',
        `others may read the mesh's secret (${secret} has mode ${mode.toString(8)})`,
        `chmod 600 ${secret}, then put a new one in its place: whoever has read it can make tokens`,
      ),
    ];
  return [fine('state folder', folder === stateDir ? stateDir : `${stateDir} will be made`)];
}

function checkDisk({ stateDir }: Config): Finding {
  const { bavail, bsize } = statfsSync(existing(stateDir));
  const free = bavail * bsize;
  const text = `${(free / 2 ** 30).toFixed(1)} GiB are free for logs and Redis`;
  if (free < NO_DISK) return wrong('disk', text, 'free some: Redis stops taking what it cannot write');
  return free < LITTLE_DISK ? warning('disk', text, 'free some soon') : fine('disk', text);
}

/** Node takes as many as the hard limit allows. */
function checkFiles(): Finding[] {
  const limits = existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : '';
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  if (hard === undefined) return [];
  return Number(hard) < FEW_FILES
    ? [
        warning(
          'open files',
          `a process may open ${hard} files and sockets`,
          `raise it: ulimit -n ${FEW_FILES * 10}`,
        ),
      ]
    : [fine('open files', `a process may open ${hard}`)];
}

/** The folder, or the one above it that is there. */
function existing(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : existing(dirname(folder));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
