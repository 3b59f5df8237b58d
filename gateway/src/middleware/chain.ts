import { MeshError } from '@plugmesh/shared/errors';
import type { Identity } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { MiddlewareRule } from '@plugmesh/shared/mesh-document';
import type { IncomingHttpHeaders } from 'node:http';
import { sayToClient } from '../http/client-headers.ts';
import type { Metrics } from '../own/metrics.ts';
import type { Route } from '../routes/route.ts';
import type { Step, Visit } from '../visit.ts';
import { applyAnswer, setRequestHeaders } from './apply-answer.ts';
import { askPool } from './ask-pool.ts';
import { questionHeaders } from './question.ts';
import { isInScope, namesOf, scopeOf, type Scope } from './scope.ts';

/** What chains are made of besides their rules. */
export interface ChainParts {
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'asked'>;
  /** All routes of the document. */
  readonly routes: readonly Route[];
  /** Time for all middleware of one visit, of both phases. */
  readonly budgetMs: number;
  /** Most bytes of an answer's head. */
  readonly maxHead: number;
  /** Whether each middleware's time is told to the client. */
  readonly tellsTiming: boolean;
  /** Whether an `Authorization` header is a token of the operator or of a plugin. */
  isMeshToken(authorization: string): boolean;
  /** What a plugin is told of somebody; undefined: nothing, because nobody is known. */
  identityHeaders(identity: Identity, plugin: string): Promise<Told> | Told | undefined;
}

type Told = IncomingHttpHeaders;

/** A rule as it applies to one route. */
interface Link {
  readonly rule: MiddlewareRule;
  readonly scope: Scope;
  /** The middleware's own route, which has its instances. */
  readonly own: Route;
}

type Outcome = 'passed' | 'answered' | 'failed';

/**
 * The step that asks the middleware of one phase (contracts § 1.5), in order, by forward-auth; undefined when there is
 * none. Which rules may concern a route is found out once per document: other routes pay a look into a map.
 */
export function createChain(rules: readonly MiddlewareRule[], parts: ChainParts): Step | undefined {
  const links = new Map<Route, readonly Link[]>();
  for (const route of parts.routes) {
    const own = linksOf(route, rules, parts.routes);
    if (own.length > 0) links.set(route, own);
  }
  if (links.size === 0) return undefined;
  return (visit) => {
    const { route, rest, permission } = visit;
    const due = links
      .get(route)
      ?.filter(({ rule, scope }) => isDue(rule, permission.guard) && isInScope(scope, rest));
    if (!due || due.length === 0 || isPluginCall(visit)) return;
    return askAll(due, visit, parts);
  };
}

function linksOf(route: Route, rules: readonly MiddlewareRule[], all: readonly Route[]): Link[] {
  const names = namesOf(route, all);
  return rules.flatMap((rule) => {
    const own = all.find(({ kind, id }) => kind === 'plugin' && id === rule.plugin);
    const scope = scopeOf(rule.match, names);
    // A middleware is not asked about its own routes: its login page must be reachable.
    return own && scope && own.id !== route.id ? [{ rule, scope, own }] : [];
  });
}

/** The session phase is for those whom a guard has let pass; a public route has none. */
function isDue({ phase }: MiddlewareRule, guard: string): boolean {
  return phase === 'public' || guard !== 'public';
}

/** Plugins call each other, and what is middleware calls, too: none is asked about those calls. */
function isPluginCall({ credentials }: Visit): boolean {
  return credentials?.kind === 'known' && credentials.caller.identity.kind === 'plugin';
}

async function askAll(links: readonly Link[], visit: Visit, parts: ChainParts): Promise<void> {
  for (const link of links) {
    if (visit.answer || visit.req.socket.destroyed) return;
    await ask(link, visit, parts);
  }
}

async function ask(link: Link, visit: Visit, parts: ChainParts): Promise<void> {
  const { rule, own } = link;
  const startedAt = performance.now();
  let outcome: Outcome = 'failed';
  try {
    const question = {
      path: rule.path,
      headers: {
        ...questionHeaders(visit, (authorization) => parts.isMeshToken(authorization)),
        ...(await parts.identityHeaders(visit.identity, rule.plugin)),
      },
      timeoutMs: Math.min(rule.timeoutMs, parts.budgetMs - visit.middlewareMs),
      maxHead: parts.maxHead,
    };
    const answer = await askPool(own, question, parts.log);
    applyAnswer(visit, rule, { answer, own });
    outcome = visit.answer ? 'answered' : 'passed';
  } catch (cause) {
    fail(rule, visit, { cause, log: parts.log });
  } finally {
    const ms = performance.now() - startedAt;
    visit.middlewareMs += ms;
    parts.metrics.asked(rule.plugin, outcome, ms);
    if (parts.tellsTiming) {
      sayToClient(visit, 'server-timing', `${rule.plugin};dur=${ms.toFixed(1)};desc="${outcome}"`);
    }
  }
}

/** What happens when there is no answer. Throws what the client is told, unless the rule allows to go on. */
function fail(rule: MiddlewareRule, visit: Visit, { cause, log }: { cause: unknown; log: Log }): void {
  const { plugin, onError } = rule;
  const { requestId } = visit.req;
  const reason = cause instanceof Error ? cause.message : String(cause);
  log.warn({ plugin, onError, requestId, reason }, `the middleware '${plugin}' did not answer`);
  // What the client says of itself must not be taken for the middleware's word.
  if (onError === 'allow') return setRequestHeaders(visit, rule);
  throw new MeshError('MESH_MIDDLEWARE_FAILED', `the middleware '${plugin}' did not answer`, {
    cause,
    details: { retryAfter: 5 },
  });
}
