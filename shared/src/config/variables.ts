import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import type { Position } from '../errors/index.ts';

/** A variable and where it was set; without a position it came from the process's environment. */
export interface Variable {
  readonly name: string;
  readonly text: string;
  readonly position: Position | undefined;
}

/** Variables by name, from `.env`, `.env.local` and the environment; the later one wins. Empty ones count as unset. */
export function readVariables(root: string, env: NodeJS.ProcessEnv): ReadonlyMap<string, Variable> {
  const inherited = Object.entries(env).map(([name, text = '']) => ({ name, text, position: undefined }));
  const all = [...readFile(root, '.env'), ...readFile(root, '.env.local'), ...inherited];
  return new Map(all.filter(({ text }) => text !== '').map((variable) => [variable.name, variable]));
}

/** The secrets of `PLUGMESH_SECRET`: several while one is replaced by the next, newest first. */
export function parseSecrets(text = ''): string[] {
  const list = text.split(',').map((secret) => secret.trim());
  return list.filter((secret) => secret !== '');
}

function readFile(root: string, file: string): Variable[] {
  const path = join(root, file);
  if (!existsSync(path)) return [];
  const content = readFileSync(path, 'utf8');
  const lines = content.split('\n');
  return Object.entries(parse(content)).map(([name, text]) => {
    // dotenv keeps no positions; the last line that sets a name is the one that counts.
    const line = lines.findLastIndex((row) => row.replace(/^\s*(export\s+)?/, '').startsWith(name)) + 1;
    return { name, text, position: { file, line: Math.max(line, 1), column: 1 } };
  });
}
