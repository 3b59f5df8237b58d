import { type IncomingMessage, request, type RequestOptions } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { buffer as readBytes, text as readText } from 'node:stream/consumers';
import { type Config, processEnvironment } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { loadSecrets, operatorToken, pluginToken } from '../identity/index.ts';
import { localOrigin } from '../processes/index.ts';
import { type CallBody, readCallBody } from './call-body.ts';
import type { CommandLine, CommandOptions } from './command-line.ts';
import { EXIT } from './report.ts';
import { configOfRunning } from './running-mesh.ts';
import { utf8, withoutControls } from './shown-text.ts';

/** Where `--as key` finds the key, so that it stands in no list of processes. */
const KEY_VARIABLE = 'PLUGMESH_KEY';
/** A method, or the name of a header (RFC 9110, § 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER = /^([^:]+):[ \t]*([\t\u0020-\u007e\u0080-\u00ff]*)$/;
/** The addresses that take the operator's token. */
const OPERATORS = /^\/(mesh(\/|$)|metrics(\?|$))/;

/** `plugmesh call`: one request through the gateway. */
export async function call({ operands, options }: CommandLine): Promise<number> {
  const config = configOfRunning(options);
  const path = pathOf(config, operands);
  const body = readCallBody(options.data);
  const answer = await send(config, {
    path,
    method: methodOf(options, body),
    headers: { ...body?.headers, ...credentialsOf(config, options, path), ...headersOf(options) },
    body,
  });
  await (options.json ? showAsJson(answer) : show(answer));
  return (answer.statusCode ?? 0) < 400 ? EXIT.done : EXIT.failed;
}

interface Call {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: CallBody | undefined;
}

function methodOf({ method }: CommandOptions, body: CallBody | undefined): string {
  if (method === undefined) return body === undefined ? 'GET' : 'POST';
  if (TOKEN.test(method)) return method.toUpperCase();
  throw new MeshError('MESH_USAGE', `'--method' is '${method}'`, { fix: '-X DELETE' });
}

/** As it goes into a request: what is no ASCII, and spaces, as a browser writes them. */
function pathOf(config: Config, operands: readonly string[]): string {
  return wholePath(config, operands).replaceAll(/[^\u0021-\u007e]+/g, encodeURIComponent);
}

/** A plugin's name stands for its prefix; what begins with a slash is taken as it is. */
function wholePath({ pluginSettings }: Config, operands: readonly string[]): string {
  const [target = '', rest = ''] = operands;
  if (target.startsWith('/')) return target + rest;
  const prefix = pluginSettings[target]?.path ?? `/api/${target}`;
  return `${prefix}${rest.startsWith('/') ? rest : `/${rest}`}`;
}

function credentialsOf(config: Config, options: CommandOptions, path: string): Record<string, string> {
  const token = tokenOf(config, options, path);
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function tokenOf(config: Config, { as, key }: CommandOptions, path: string): string | undefined {
  const who = as ?? (key === undefined ? 'anonymous' : 'key');
  if (who === 'anonymous') return undefined;
  if (who === 'key') return key ?? keyOfEnvironment();
  if (who === 'operator') return operatorTokenFor(config, path);
  const [kind, id = ''] = who.split(':');
  if (kind === 'plugin' && id !== '') return pluginToken(loadSecrets(config), id);
  throw new MeshError('MESH_USAGE', `'--as' is '${who}'`, {
    fix: 'anonymous, key, operator or plugin:<id>',
  });
}

function keyOfEnvironment(): string {
  const key = processEnvironment()[KEY_VARIABLE];
  if (key !== undefined && key !== '') return key;
  throw new MeshError('MESH_USAGE', "'--as key' needs an API key", {
    fix: `set ${KEY_VARIABLE}, or give --key KEY; ./plugmesh key create <user> makes one`,
  });
}

/** No plugin takes the operator for a user, so none should see a request that looks like the operator's. */
function operatorTokenFor(config: Config, path: string): string {
  if (OPERATORS.test(path)) return operatorToken(loadSecrets(config));
  throw new MeshError('MESH_USAGE', `the operator's token opens /mesh/* and /metrics, not '${path}'`, {
    fix: 'call plugins with an API key: --as key, or as another plugin: --as plugin:<id>',
  });
}

function headersOf({ headers }: CommandOptions): Record<string, string> {
  return Object.fromEntries(
    headers.map((line) => {
      const [, name = '', value = ''] = HEADER.exec(line) ?? [];
      if (TOKEN.test(name)) return [name.toLowerCase(), value];
      throw new MeshError('MESH_USAGE', `'--header' is '${line}'`, { fix: "-H 'name: value'" });
    }),
  );
}

async function send(config: Config, { path, method, headers, body }: Call): Promise<IncomingMessage> {
  const { hostname, port } = new URL(localOrigin(config.gateway));
  // Given apart: whatever the path looks like, nobody else is asked.
  const options: RequestOptions = { host: hostname.replace(/^\[|\]$/g, ''), port, path, method, headers };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(options, resolve).on('error', reject);
  if (body?.source === undefined) sent.end();
  else void pipeline(body.source, sent).catch(() => undefined);
  try {
    return await promise;
  } catch (cause) {
    throw new MeshError('MESH_NOT_RUNNING', `no gateway answers at ${localOrigin(config.gateway)}`, {
      fix: 'start the mesh: ./plugmesh up',
      cause,
    });
  }
}

/** The body as it comes; what is said about it stands apart, so that the body can be piped. */
async function show(answer: IncomingMessage): Promise<void> {
  const { statusCode = 0, statusMessage = '', headers } = answer;
  say(`${statusCode} ${statusMessage} ${headers['content-type'] ?? ''}`.trim());
  if (headers['content-type']?.startsWith('application/problem+json') === true) {
    const text = await readText(answer);
    process.stdout.write(text);
    sayProblem(Object(parsed(text)) as Readonly<Record<string, unknown>>);
    return;
  }
  try {
    await pipeline(answer, process.stdout, { end: false });
  } catch (cause) {
    // A reader that has gone (`| head`) wants no more.
    if ((cause as NodeJS.ErrnoException).code !== 'EPIPE')
      throw new MeshError('MESH_UPSTREAM_FAILED', 'the answer was cut off', { cause });
  }
}

function sayProblem({ code, detail, fix }: Readonly<Record<string, unknown>>): void {
  if (typeof code !== 'string') return;
  say(`✖ ${code}  ${typeof detail === 'string' ? detail : ''}`);
  if (typeof fix === 'string') say(`  ${fix}`);
}

/** What a plugin has answered must not steer the terminal. */
function say(text: string): void {
  process.stderr.write(`${withoutControls(text)}\n`);
}

async function showAsJson(answer: IncomingMessage): Promise<void> {
  const { statusCode: status, headers } = answer;
  const bytes = await readBytes(answer);
  const text = utf8(bytes);
  const isJson = /\bjson\b/.test(headers['content-type'] ?? '');
  const body =
    text === undefined ? { bytes: bytes.toString('base64') } : { body: isJson ? parsed(text) : text };
  process.stdout.write(`${JSON.stringify({ status, headers, ...body }, undefined, 2)}\n`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
