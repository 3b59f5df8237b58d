import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { MeshError, MeshProblems, type Position } from '../errors/index.ts';
import { describeIssue, nameOfPath, valueAt } from './describe-issue.ts';
import { JsonSource } from './json-source.ts';
import { manifestSchema } from './manifest-schema.ts';
import type { Manifest } from './manifest.ts';
import { suggestField } from './suggest-field.ts';

/** How a manifest is read. */
export interface ParseOptions {
  /** What `name` must be, usually the folder's name. */
  readonly id?: string;
  /** The file's name in problems, when it is not the file itself. */
  readonly shownAs?: string;
}

/** Reads the text of a `plugin.json`. Throws `MeshProblems` with all problems and their positions. */
export function parseManifest(text: string, file: string, options: ParseOptions = {}): Manifest {
  const source = new JsonSource(text, options.shownAs ?? file);
  return checkManifest(source.value, { ...options, folder: dirname(resolve(file)), source });
}

/**
 * Checks a manifest that came with a registration; `run` may be absent, and `folder` is empty, because the plugin
 * is started elsewhere. Throws `MeshProblems`.
 */
export function parseRegisteredManifest(value: unknown, plugin: string): Manifest {
  if (!isObject(value) || 'run' in value) return checkManifest(value, { id: plugin, folder: '' });
  return { ...checkManifest({ ...value, run: [plugin] }, { id: plugin, folder: '' }), run: [] };
}

interface CheckContext {
  readonly id?: string;
  readonly folder: string;
  readonly source?: JsonSource;
}

function checkManifest(value: unknown, context: CheckContext): Manifest {
  const { id, folder, source } = context;
  const parsed = manifestSchema.safeParse(value);
  const issues = parsed.success ? [] : firstOfEachPath(parsed.error.issues);
  const problems = issues.flatMap((issue) => problemsOf(issue, value, source));
  const name = isObject(value) ? value['name'] : undefined;
  if (id !== undefined && typeof name === 'string' && name !== id) {
    problems.push(wrongName(name, id, source?.positionOf(['name'])));
  }
  if (!parsed.success || problems.length > 0) throw new MeshProblems(problems.sort(byPosition));
  const manifest = { ...parsed.data, folder };
  delete manifest.$schema;
  return manifest;
}

/** A value that breaks one rule often breaks the next ones too: the first says enough. */
function firstOfEachPath(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const key = `${nameOfPath(issue.path)} ${String(issue.code === 'unrecognized_keys')}`;
    return !seen.has(key) && seen.add(key);
  });
}

function problemsOf(issue: z.core.$ZodIssue, value: unknown, source?: JsonSource): MeshError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) =>
        new MeshError('MESH_MANIFEST_UNKNOWN_FIELD', `unknown field '${nameOfPath([...issue.path, key])}'`, {
          fix: suggestField(key, issue.path),
          ...at(source?.positionOfKey(issue.path, key)),
        }),
    );
  }
  const name = issue.path.length === 0 ? 'the manifest' : nameOfPath(issue.path);
  const { message, fix } = describeIssue(issue, name, valueAt(value, issue.path));
  const options = { ...at(source?.positionOf(issue.path)), ...(fix === undefined ? {} : { fix }) };
  return [new MeshError('MESH_MANIFEST_INVALID', message, options)];
}

function wrongName(name: string, id: string, position: Position | undefined): MeshError {
  const message = `'name' must be '${id}', as the folder is called, not '${name}'`;
  return new MeshError('MESH_MANIFEST_INVALID', message, { ...at(position), fix: 'rename one of them' });
}

function at(position: Position | undefined): { position?: Position } {
  return position === undefined ? {} : { position };
}

function byPosition(a: MeshError, b: MeshError): number {
  const [from, to] = [a.position, b.position];
  return (from?.line ?? 0) - (to?.line ?? 0) || (from?.column ?? 0) - (to?.column ?? 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
