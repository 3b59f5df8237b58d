import type { RecordedRequest } from '../support/recording-upstream.ts';
import type { Answer } from './conversation.ts';
import { FORGED } from './grammar-headers.ts';
import type { Reading } from './lane.ts';

/** What one stream showed. */
export interface Verdict {
  /** Broken promises; empty is what is hoped for. */
  readonly problems: readonly string[];
  /** By which rule we refused what nginx accepted, once for each request. */
  readonly onlyWeRefuse: readonly string[];
  /** With which status nginx refused what we accepted. */
  readonly onlyNginxRefuses: readonly number[];
  /** Requests that both accepted and that were compared. */
  readonly compared: number;
}

/** Headers that only a proxy may write, whatever their spelling. Not the gateway's own list, on purpose. */
const RESERVED =
  /^(?:x-(?:plugmesh|forwarded)-.*|forwarded|x-real-ip|x-original-(?:url|uri|method)|x-rewrite-url|proxy(?:-authorization|-connection)?|keep-alive|expect|te|trailer|upgrade)$/;

/** Holds what the gateway made of a stream against the promises and against what nginx made of it. */
export function judge(ours: Reading, theirs: Reading): Verdict {
  const pairs = ours.answers.map((answer, at) => [answer, theirs.answers[at]] as const);
  const both = pairs.filter(([a, b]) => isAccepted(a) && b && isAccepted(b));
  return {
    problems: [...gatewayProblems(ours), ...both.flatMap(([a, b]) => differences(a, b, ours, theirs))],
    onlyWeRefuse: pairs.filter(([a, b]) => b && isAccepted(b) && !isAccepted(a)).map(([a]) => ruleOf(a)),
    onlyNginxRefuses: pairs.flatMap(([a, b]) => (b && isAccepted(a) && !isAccepted(b) ? [b.status] : [])),
    compared: both.length,
  };
}

function isAccepted(answer: Answer): boolean {
  return answer.recorded !== undefined;
}

function gatewayProblems({ answers, requests, garbage, hung }: Reading): string[] {
  // The requests of a connection take turns: pipelined ones reach the upstream in the order of their answers.
  const answered = answers.flatMap(({ recorded }) => recorded ?? []);
  const expected = requests.map((_, at) => at);
  const problems = garbage.map((bytes) => `sent on what is no HTTP: ${JSON.stringify(bytes)}`);
  if (hung) problems.push('the gateway never ended the connection');
  if (answered.join() !== expected.join()) {
    problems.push(`the upstream got requests ${expected.join()}, the client answers to ${answered.join()}`);
  }
  for (const { headers } of requests) {
    for (const [name, value] of headers) {
      const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '-');
      if (RESERVED.test(plain) && value.includes(FORGED)) problems.push(`'${name}' arrived`);
    }
  }
  return problems;
}

function differences(a: Answer, b: Answer | undefined, ours: Reading, theirs: Reading): string[] {
  const mine = ours.requests[a.recorded ?? -1];
  const other = theirs.requests[b?.recorded ?? -1];
  if (!mine || !other) return ['an answer to a request that the upstream has not seen'];
  const views = [viewOf(mine), viewOf(other)] as const;
  return (['method', 'path', 'query', 'body'] as const)
    .filter((part) => views[0][part] !== views[1][part])
    .map(
      (part) => `${part}: ${JSON.stringify(views[0][part])} here, ${JSON.stringify(views[1][part])} by nginx`,
    );
}

/** A request as its meaning: nginx leaves other characters encoded in a path than we do. */
function viewOf({ method, path, body }: RecordedRequest) {
  const [whole = '', ...query] = path.split('?');
  const decoded = whole.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return { method, path: decoded, query: query.join('?'), body };
}

/** The code of a refusal, with its reason without what the client wrote. */
function ruleOf({ status, body }: Answer): string {
  if (!body.startsWith('{')) return `${status}`;
  const { code, detail } = JSON.parse(body) as { code: string; detail: string };
  return `${code}: ${detail.replace(/'[^']*'(?: cannot answer.*)?|"[^"]*"|\d+/g, '…')}`;
}
