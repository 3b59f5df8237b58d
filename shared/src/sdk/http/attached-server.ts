import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_TYPE, problemDocument } from '../../errors/index.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { healthAnswer, isServing, type PluginHealth } from './health.ts';
import { unavailable } from './problems.ts';

/** Events by which a server hears of a request. */
const REQUESTS = new Set(['request', 'checkContinue', 'checkExpectation']);
const REFUSED_UPGRADE = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** What the SDK answers in front of an author's own server. */
export interface WatchParts {
  readonly manifest: Manifest;
  readonly health: () => PluginHealth;
  readonly openapi: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Answers health, the API description and requests to a plugin that does not serve, before a server's own listeners hear of
 * them, those included that are added later.
 */
export function watchServer(server: Server, parts: WatchParts): Server {
  const fixed = fixedAnswers(parts);
  const { manifest, health } = parts;
  const emit = server.emit.bind(server) as (event: string, ...values: unknown[]) => boolean;
  const answer = ({ method, url = '/' }: IncomingMessage): Answer | undefined => {
    const found = method === 'GET' ? fixed.get(url.split('?', 1)[0] ?? '/') : undefined;
    if (found) return found();
    const now = health();
    return isServing(now) ? undefined : refusal(manifest.name, now);
  };
  server.emit = (event: string, ...values: unknown[]): boolean => {
    if (event === 'upgrade' && !isServing(health())) {
      (values[1] as Duplex).end(REFUSED_UPGRADE);
      return true;
    }
    if (!REQUESTS.has(event)) return emit(event, ...values);
    const [request, response] = values as [IncomingMessage, ServerResponse];
    const ours = answer(request);
    if (!ours) return emit(event, ...values);
    send(response, ours);
    return true;
  };
  return server;
}

function fixedAnswers({ manifest, health, openapi }: WatchParts): ReadonlyMap<string, () => Answer> {
  const { http } = manifest;
  const answers = new Map<string, () => Answer>([[http.health, () => healthAnswer(health())]]);
  if (openapi && http.openapi !== false) {
    const body = JSON.stringify(openapi);
    answers.set(http.openapi, () => ({ status: 200, headers: JSON_TYPE, body }));
  }
  return answers;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

function refusal(plugin: string, health: PluginHealth): Answer {
  const error = unavailable(plugin, health);
  return {
    status: error.status,
    headers: { 'content-type': PROBLEM_TYPE, 'retry-after': '1' },
    body: JSON.stringify(problemDocument(error, { plugin })),
  };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
