import { join } from 'node:path';
import type { TestMesh } from './test-mesh.ts';

const SERVICES = join(import.meta.dirname, '../../../services');

/** Settings of a mesh with these plugins of the repository, in which endpoints may be on this machine; more of `endpoints` may follow. */
export function endpointsToml(...plugins: readonly string[]): string {
  return ['accounts', ...plugins, 'endpoints']
    .map((id) => `[plugins.${id}]\nfolder = "${join(SERVICES, id)}"\n`)
    .concat('[plugins.endpoints.config]\nallowed_networks = ["loopback"]\n')
    .join('');
}

/** An API key of a user that opens these guards. */
export async function createKey(mesh: TestMesh, user: string, ...guards: readonly string[]): Promise<string> {
  const options = guards.flatMap((guard) => ['--guard', guard]);
  return (await mesh.run(['key', 'create', user, ...options])).stdout.trim();
}

/** An answer, its body as JSON; `{}` for none. */
export interface Answer {
  readonly status: number;
  readonly body: ReturnType<typeof JSON.parse>;
}

/** What is asked; `path` is below `/api/`. */
export interface Asking {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
}

/** Asks a plugin of a mesh with an API key. */
export async function askPlugin(mesh: TestMesh, { key, method, path, body }: Asking): Promise<Answer> {
  const response = await fetch(`${mesh.origin}/api/${path}`, {
    method,
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}
