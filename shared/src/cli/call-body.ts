import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { MeshError } from '../errors/index.ts';

/** What a call sends, and what its headers say of that. */
export interface CallBody {
  readonly source: Readable;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads `--data`: a text, `@<file>`, or `-` for what comes in by stdin, which is sent as it comes. */
export function readCallBody(data: string | undefined): CallBody | undefined {
  if (data === undefined) return undefined;
  if (data === '-') return { source: process.stdin, headers: { 'content-type': 'application/json' } };
  const bytes = data.startsWith('@') ? readFile(data.slice(1)) : Buffer.from(data);
  return {
    source: Readable.from([bytes]),
    headers: { 'content-type': typeOf(bytes), 'content-length': String(bytes.length) },
  };
}

function readFile(name: string): Buffer {
  try {
    return readFileSync(name);
  } catch (cause) {
    throw new MeshError('MESH_USAGE', `'${name}' cannot be read`, { cause });
  }
}

function typeOf(bytes: Buffer): string {
  try {
    JSON.parse(bytes.toString());
    return 'application/json';
  } catch {
    return 'application/octet-stream';
  }
}
