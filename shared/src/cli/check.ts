import { readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { checkFolder, checkUrl, levelLines, type Report, resultPrinter } from '../conformance/index.ts';
import { MeshError, MeshProblems } from '../errors/index.ts';
import { type Manifest, parseManifest } from '../manifest/index.ts';
import { loadMeshConfig } from '../processes/index.ts';
import type { CommandLine, CommandOptions } from './command-line.ts';
import { StopSignals } from './stop-signals.ts';

/** `plugmesh check`: a plugin's manifest, and the plugin itself from outside. */
export async function check({ operands, options }: CommandLine): Promise<number> {
  const [target = ''] = operands;
  const signals = new StopSignals();
  try {
    const report = await run(target, options, signals.stopped);
    process.stdout.write(`${options.json ? JSON.stringify(report, undefined, 2) : levelLines(report)}\n`);
    return report.failed > 0 || (report.level ?? -1) < (options.level ?? -1) ? 1 : 0;
  } catch (error) {
    if (signals.stopped.aborted) return brokenOff();
    if (!options.json || !isProblem(error)) throw error;
    process.stdout.write(`${JSON.stringify({ problems: problemsOf(error) }, undefined, 2)}\n`);
    return 1;
  } finally {
    signals.release();
  }
}

async function run(target: string, options: CommandOptions, signal: AbortSignal): Promise<Report> {
  const print = resultPrinter((line) => process.stdout.write(`${line}\n`));
  const onResult = options.json ? () => undefined : print;
  if (/^https?:\/\//.test(target)) {
    const manifest = options.manifest === undefined ? undefined : readManifest(resolve(options.manifest));
    return checkUrl(target, { manifest, signal, onResult });
  }
  const folder = resolve(target);
  const manifest = readManifest(join(folder, 'plugin.json'), basename(folder));
  if (!options.json) process.stdout.write(`${manifest.name}: the manifest is valid\n`);
  const onStep = (step: string): void => void process.stderr.write(`setup: ${step}\n`);
  return checkFolder(manifest, { config: loadMeshConfig(options.config), signal, onResult, onStep });
}

/** Throws `MeshProblems` with every problem and its line. */
function readManifest(file: string, id?: string): Manifest {
  return parseManifest(read(file), file, {
    shownAs: relative(process.cwd(), file),
    ...(id === undefined ? {} : { id }),
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new MeshError('MESH_USAGE', `'${file}' cannot be read`, {
      fix: 'name the folder of a plugin.json, or the URL of a plugin that runs',
      cause,
    });
  }
}

function brokenOff(): number {
  process.stderr.write('Broken off; everything that was started has ended.\n');
  return 1;
}

function isProblem(error: unknown): error is MeshError | MeshProblems {
  return error instanceof MeshProblems || (error instanceof MeshError && error.code !== 'MESH_USAGE');
}

function problemsOf(error: MeshError | MeshProblems): object[] {
  const problems = error instanceof MeshProblems ? error.problems : [error];
  return problems.map(({ code, message, position, fix }) => ({ code, message, position, fix }));
}
