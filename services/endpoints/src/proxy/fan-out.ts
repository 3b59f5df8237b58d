import { MeshError, type RequestHead } from '@plugmesh/sdk';
import type { IncomingHttpHeaders } from 'node:http';
import type { Outbound } from '../outbound/outbound.ts';
import type { Pass } from './passes.ts';
import { requestHeaders } from './request-headers.ts';

/** What one endpoint answers to a question to several. */
export type EndpointAnswer =
  | { readonly status: number; readonly body: unknown }
  | { readonly error: { readonly code: string; readonly detail: string } };

/** The most that is taken of each. */
export const MOST_OF_EACH = 1024 * 1024;
const EACH_MS = 30_000;

/** What is asked of each. */
export interface Question {
  readonly outbound: Outbound;
  readonly path: string;
  readonly request: RequestHead;
  pass(guid: string): Promise<Pass>;
}

/** Asks several endpoints at once; what is wrong with one is said in its place. */
export async function askEach(
  guids: readonly string[],
  question: Question,
): Promise<Record<string, EndpointAnswer>> {
  const answers = guids.map(async (guid) => [guid, await ask(guid, question).catch(errorOf)] as const);
  return Object.fromEntries(await Promise.all(answers));
}

/** Reads `guids=a,b`. Throws MESH_BAD_REQUEST. */
export function parseGuids(text: unknown, most: number): string[] {
  const guids = typeof text === 'string' ? [...new Set(text.split(',').filter((guid) => guid !== ''))] : [];
  const isRight = guids.length > 0 && guids.every((guid) => /^[\w-]{1,80}$/.test(guid));
  if (isRight && guids.length <= most) return guids;
  throw new MeshError(
    'MESH_BAD_REQUEST',
    `'guids' names ${guids.length} endpoints; 1 to ${most} can be asked at once`,
    {
      fix: 'guids=<guid>,<guid>&path=/what/is/asked',
    },
  );
}

async function ask(guid: string, question: Question): Promise<EndpointAnswer> {
  const pass = await question.pass(guid);
  const answer = await send(pass, question);
  const other = answer.status === 401 ? await pass.again() : undefined;
  const { status, headers, body } = other ? await send(other, question) : answer;
  return { status, body: read(headers, body) };
}

function send({ target, headers }: Pass, { outbound, path, request }: Question) {
  const sent = Object.entries(requestHeaders(request.headers, headers)).filter(
    ([name]) => !ONE_ANSWER.test(name),
  );
  return outbound.fetch(target, path, {
    headers: Object.fromEntries(sent.map(([name, value]) => [name, String(value)])),
    timeoutMs: EACH_MS,
    maxBytes: MOST_OF_EACH,
    followRedirects: false,
  });
}

/** What is about one answer, not about what is asked: there are several. */
const ONE_ANSWER = /^(?:accept-encoding|if-|range$|content-)/;

/** JSON as what it says, anything else as text. */
function read(headers: IncomingHttpHeaders, body: Buffer): unknown {
  const text = body.toString();
  if (!/[/+]json\b/i.test(headers['content-type'] ?? '')) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function errorOf(error: unknown): EndpointAnswer {
  const known = error instanceof MeshError ? error : new MeshError('MESH_INTERNAL', 'it could not be asked');
  return { error: { code: known.code, detail: known.message } };
}
