import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MeshError } from '../errors/index.ts';
import type { CommandLine } from './command-line.ts';
import { configOfRunning } from './running-mesh.ts';

const POLL_MS = 250;
const LINES = 20;

/** Writes lines of one process. */
type Show = (file: string, lines: readonly string[]) => void;

/** `plugmesh logs`: the last lines of each process, and with -f what comes. */
export async function logs({ operands, options }: CommandLine): Promise<number> {
  const folder = join(configOfRunning(options).stateDir, 'logs');
  const show = options.json ? showAsJson : showAsText;
  // A second instance is `<plugin>:1` for pm2; its file has no colon.
  const names = operands.map((name) => name.replace(':', '-'));
  const files = logFiles(folder, names);
  for (const file of files) show(file, lastLines(file, options.lines ?? LINES));
  if (!options.follow) return 0;
  const positions = new Map(files.map((file) => [file, statSync(file).size]));
  // A reader that has gone (`| head`) wants no more.
  while (!process.stdout.errored) {
    await delay(POLL_MS);
    for (const file of logFiles(folder, names)) showNew(file, positions, show);
  }
  return 0;
}

function lastLines(file: string, count: number): string[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.slice(Math.max(0, lines.length - count));
}

function logFiles(folder: string, names: readonly string[]): string[] {
  const known = namesIn(folder);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined || known.length === 0)
    throw new MeshError(
      'MESH_USAGE',
      unknown === undefined ? 'nothing has been logged yet' : `no log of '${unknown}'`,
      {
        fix: known.length === 0 ? 'start the mesh: ./plugmesh up' : `there are: ${known.join(', ')}`,
      },
    );
  return (names.length > 0 ? names : known).map((name) => join(folder, `${name}.log`));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .map((name) => basename(name, '.log'))
      .sort();
  } catch {
    return [];
  }
}

function showNew(file: string, positions: Map<string, number>, show: Show): void {
  const { size } = statSync(file);
  const from = positions.get(file) ?? 0;
  // A file that has become shorter was begun anew.
  const text = readRange(file, size < from ? 0 : from, size);
  const end = text.lastIndexOf('\n') + 1;
  positions.set(file, (size < from ? 0 : from) + Buffer.byteLength(text.slice(0, end)));
  if (end > 0) show(file, text.slice(0, end - 1).split('\n'));
}

function readRange(file: string, from: number, to: number): string {
  const buffer = Buffer.alloc(to - from);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, from));
  } finally {
    closeSync(descriptor);
  }
}

function showAsJson(file: string, lines: readonly string[]): void {
  const name = basename(file, '.log');
  for (const line of lines) process.stdout.write(`${JSON.stringify({ process: name, line })}\n`);
}

function showAsText(file: string, lines: readonly string[]): void {
  const name = basename(file, '.log').padEnd(9);
  for (const line of lines) process.stdout.write(`${name} │ ${line}\n`);
}
