import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '@plugmesh/shared/manifest';

/** A plugin in plain Node: what it does, part by part, as JavaScript. What is not given, it does well. */
export interface TestPlugin {
  /** Before anything else. */
  readonly first?: string;
  /** Answers a request, or falls through: `request`, `response`, `path`, `answer(status, body)`. */
  readonly handle?: string;
  readonly health?: string;
  readonly otherwise?: string;
  /** Once `server` is there. */
  readonly listen?: string;
  readonly onSigterm?: string;
  readonly onSigint?: string;
  /** Its description, or undefined where it has none. */
  readonly openapi?: object;
  /** Fields of its manifest besides `name`, `run` and `http.guard`. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly http?: Readonly<Record<string, unknown>>;
}

const STOP = 'server.close(() => process.exit(0)); server.closeIdleConnections();';

/** A description with these operations. */
export function describes(paths: object): object {
  const info = { title: 'A plugin of a test', version: '1' };
  return { openapi: '3.1.0', info, paths };
}

/** One that answers 200, and whatever else it says. */
export function operation(more: object = {}): object {
  return { get: { responses: { 200: { description: 'Well' } }, ...more } };
}

/** Writes a plugin to a folder of its own and returns its manifest. */
export async function writePlugin(name: string, plugin: TestPlugin = {}): Promise<Manifest> {
  const folder = join(await mkdtemp(join(tmpdir(), 'plugmesh-test-plugin-')), name);
  await mkdir(folder);
  const text = JSON.stringify({
    name,
    run: ['node', 'main.mjs'],
    ...plugin.manifest,
    http: { guard: 'public', ...plugin.http },
  });
  await writeFile(join(folder, 'plugin.json'), text);
  await writeFile(join(folder, 'main.mjs'), sourceOf(plugin));
  return parseManifest(text, join(folder, 'plugin.json'), { id: name });
}

function sourceOf({
  first = '',
  handle = '',
  health = "return answer(200, { status: 'ok' });",
  otherwise = "answer(404, { error: 'not found' });",
  listen = 'server.listen(Number(process.env.PORT), process.env.HOST);',
  onSigterm = STOP,
  onSigint = STOP,
  openapi,
}: TestPlugin): string {
  return `import { createServer } from 'node:http';
${first}
const openapi = ${JSON.stringify(openapi ?? null)};
const server = createServer(async (request, response) => {
  const [path] = request.url.split('?');
  const answer = (status, body, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  ${handle}
  if (path === '/healthz') { ${health} }
  if (openapi && path === '/openapi.json') return answer(200, openapi);
  if (path === '/' && request.method === 'GET') return answer(200, { hello: 'check' });
  ${otherwise}
});
${listen}
process.on('SIGTERM', () => { ${onSigterm} });
process.on('SIGINT', () => { ${onSigint} });
`;
}
