import { type PluginFailure, pluginFailure } from '@plugmesh/shared/mesh-document';
import type { ManagedProcess } from '@plugmesh/shared/processes';
import { diagnose } from './known-failures.ts';
import { lastLines } from './last-lines.ts';

const LINES_READ = 60;
/** Of the runtimes themselves: they say nothing of the plugin. */
const NOISE = /^\s+at .*\bnode:|^Node\.js v\d|^\s*$/;

/** Why a process is not there any more, by the last that it has written. */
export async function exitFailure(process: ManagedProcess): Promise<PluginFailure> {
  const lines = await lastWords(process);
  const known = diagnose(lines);
  return pluginFailure('MESH_PLUGIN_EXITED', `its process ended by itself${known ? `: ${known.what}` : ''}`, {
    lines,
    fix: known?.fix ?? fixFor(process, lines),
  });
}

/** The last lines of a process's log without the runtimes' own, those of one run only. */
export async function lastWords({ errorFile }: ManagedProcess): Promise<string[]> {
  const lines = (await lastLines(errorFile, LINES_READ)).filter((line) => !NOISE.test(line));
  return withoutRepeats(lines);
}

function fixFor({ plugin = '' }: ManagedProcess, lines: readonly string[]): string {
  return lines.length === 0
    ? `it wrote nothing: run what its manifest's 'run' says, in its folder, to see more`
    : `correct what its last lines say; all of them: ./plugmesh logs ${plugin}`;
}

/** A process that is started again and again writes the same: once is enough. Numbers may differ, as process ids do. */
export function withoutRepeats(lines: readonly string[]): string[] {
  const same = lines.map((line) => line.replaceAll(/\d+/g, '0'));
  for (let length = 1; length <= lines.length / 2; length++) {
    const last = same.slice(-length).join('\n');
    if (last === same.slice(-2 * length, -length).join('\n')) return lines.slice(-length);
  }
  return [...lines];
}
