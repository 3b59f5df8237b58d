import { ANONYMOUS, type Identity } from '@plugmesh/shared/identity';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Credentials } from './access/credentials.ts';
import type { Origin } from './http/forwarded.ts';
import type { GatewayRequest } from './http/gateway-request.ts';
import type { Target } from './http/path.ts';
import type { Permission, Route } from './routes/route.ts';
import type { RoutedPath } from './routes/route-table.ts';

/** A request or handshake for a plugin or service: what is known of it when its head was read, and what steps find out. */
export interface Visit {
  readonly req: GatewayRequest;
  /** Without what a step has taken away from the query. */
  target: Target;
  readonly origin: Origin;
  readonly route: Route;
  /** The path below the route's prefix. */
  readonly rest: string;
  readonly permission: Permission;
  /** What the client brought to say who it is; no longer among `req.headers`, but for the cookie. */
  credentials: Credentials | undefined;
  /** Who is behind it, as far as steps have found out. */
  identity: Identity;
  /** What steps say to the instance, by lower-case name, over everything that the client sent; `undefined` removes. */
  forInstance: IncomingHttpHeaders | undefined;
  /** What steps say to the client, by lower-case name, over what the instance says. */
  forClient: OutgoingHttpHeaders | undefined;
  /** What a step answers in place of the instance, which is then not asked. */
  answer: StepAnswer | undefined;
  /** Milliseconds that middleware has taken so far. */
  middlewareMs: number;
}

/** What is known of a request or handshake once its head has been read. */
export interface Arrival {
  readonly target: Target;
  readonly origin: Origin;
  /** Undefined: it is for no plugin and no service. */
  readonly routed: RoutedPath | undefined;
}

/** A whole answer that a step gives. */
export interface StepAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Looks at a visit before it may go on. Throws what refuses it, or sets its answer; a promise only where it has to wait. */
export type Step = (visit: Visit) => Promise<void> | undefined;

/** Begins a visit: nobody is known yet, and no step has said anything. */
export function createVisit(
  req: GatewayRequest,
  { target, origin }: Pick<Arrival, 'target' | 'origin'>,
  { route, rest }: RoutedPath,
): Visit {
  const visit: Visit = {
    req,
    target,
    origin,
    route,
    rest,
    permission: route.permission(rest, req.method ?? 'GET'),
    credentials: undefined,
    identity: ANONYMOUS,
    forInstance: undefined,
    forClient: undefined,
    answer: undefined,
    middlewareMs: 0,
  };
  req.visit = visit;
  return visit;
}

/** Takes one step after the other until one has the answer; a promise only when one of them has to wait. */
export function takeSteps(steps: readonly Step[], visit: Visit, from = 0): Promise<void> | undefined {
  for (let at = from; at < steps.length && !visit.answer; at++) {
    const waiting = steps[at]?.(visit);
    if (waiting) return waiting.then(() => takeSteps(steps, visit, at + 1));
  }
  return undefined;
}
