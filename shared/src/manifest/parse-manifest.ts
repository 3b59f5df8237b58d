import { dirname, resolve } from 'node:path';
import type { Manifest } from './manifest.ts';

/** How a manifest is read. */
export interface ParseOptions {
  /** What `name` must be, usually the folder. */
  readonly id?: string;
}

/** Reads the text of a `plugin.json`. Throws `MeshProblems` with all problems and their positions. */
export function parseManifest(text: string, file: string, options: ParseOptions = {}): Manifest {
  void options;
  const value = JSON.parse(text) as Partial<Manifest> & { name: string; run: string[] };
  const http = {
    aliases: [],
    stripPrefix: true,
    guard: 'session' as const,
    routes: [],
    html: 'sandbox' as const,
    openapi: '/openapi.json',
    health: '/healthz',
    timeoutMs: 30000,
    maxBody: 10485760,
  };
  return {
    requires: {},
    setup: [],
    instances: 1,
    topics: [],
    dependsOn: [],
    folder: dirname(resolve(file)),
    ...value,
    http: { ...http, ...value.http },
  };
}

/** Checks a manifest that came by registration: `run` may be absent. Throws `MeshProblems`. */
export function parseRegisteredManifest(value: unknown, plugin: string): Manifest {
  return parseManifest(JSON.stringify({ run: [], ...(value as object) }), `registration of ${plugin}`, {
    id: plugin,
  });
}
