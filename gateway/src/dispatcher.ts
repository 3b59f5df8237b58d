import type { Identity } from '@plugmesh/shared/identity';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expectsContinue } from './http/expectation.ts';
import type { PeerBook } from './http/forwarded.ts';
import type { GatewayRequest } from './http/gateway-request.ts';
import { checkHandshake } from './http/handshake.ts';
import { inspectRequest, refuseServiceWorker, type HygieneRules } from './http/hygiene.ts';
import type { Target } from './http/path.ts';
import { requestIdOf } from './http/request-id.ts';
import { refuseCircle } from './identity/circle.ts';
import { bodyKindOf } from './proxy/body-limit.ts';
import type { Forwarder } from './proxy/forwarder.ts';
import { prepareOutgoing } from './proxy/outgoing.ts';
import type { Upgrader } from './proxy/upgrader.ts';
import type { Refusals } from './http/refusals.ts';
import type { Route } from './routes/route.ts';
import type { RouteTable } from './routes/route-table.ts';
import { createVisit, takeSteps, type Arrival, type Step, type StepAnswer, type Visit } from './visit.ts';

/** What requests are decided with. */
export interface DispatcherParts {
  readonly rules: HygieneRules;
  readonly peers: PeerBook;
  readonly forwarder: Forwarder;
  readonly upgrader: Upgrader;
  readonly refusals: Refusals;
  /** The routes of the current mesh document. */
  table(): RouteTable;
  /** What every visit has to pass, in order, with the current mesh document. */
  steps(): readonly Step[];
  /** Probes and pages: everything that is no plugin and no service. Throws what it refuses. */
  serveOwn(req: GatewayRequest, res: ServerResponse, target: Target): void;
  /** Ends a WebSocket when the session or key ends that it was opened with. */
  follow(identity: Identity, socket: Socket): void;
  /** Whether this is a plugin's own token. */
  readonly isPluginToken: (authorization: string) => boolean;
}

/** What happens behind the steps. */
interface Way {
  readonly isGone: () => boolean;
  readonly go: () => void;
  readonly give: (answer: StepAnswer) => void;
  readonly refuse: (error: unknown) => void;
}

/** The way of a request: hygiene, route, CORS, steps, instance. The first refusal is the answer. */
export class Dispatcher {
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Takes an ordinary request. Never throws. */
  readonly request = (req: GatewayRequest, res: ServerResponse): void => {
    if (this.#parts.refusals.hasEnded(req.socket)) return;
    let route: Route | undefined;
    try {
      const arrival = this.#arrive(req);
      route = arrival.routed?.route;
      if (arrival.routed) this.#serveRoute(createVisit(req, arrival, arrival.routed), res);
      else this.#serveRest(req, res, arrival);
    } catch (error) {
      this.#parts.refusals.answer(req, res, error, route);
    }
  };

  /** Takes a WebSocket handshake, which Express never sees. Never throws; every refusal is answered and closed. */
  readonly upgrade = (req: GatewayRequest, socket: Socket, head: Buffer): void => {
    let route: Route | undefined;
    if (this.#parts.refusals.hasEnded(socket)) {
      socket.destroySoon();
      return;
    }
    try {
      const arrival = this.#arrive(req);
      if (!arrival.routed) throw this.#parts.table().unknown(arrival.target.path);
      route = arrival.routed.route;
      const visit = createVisit(req, arrival, arrival.routed);
      checkHandshake(visit);
      this.#pass(visit, {
        isGone: () => socket.destroyed,
        go: () => {
          prepareOutgoing(visit);
          // Channel ends its sockets itself, with a code that says why.
          if (visit.route.id !== 'channel') this.#parts.follow(visit.identity, socket);
          this.#parts.upgrader.forward(visit, socket, head);
        },
        give: (answer) => this.#parts.refusals.giveOn(req, socket, answer),
        refuse: (error) => this.#parts.refusals.answerOn(req, socket, error, visit.route),
      });
    } catch (error) {
      this.#parts.refusals.answerOn(req, socket, error, route);
    }
  };

  #arrive(req: GatewayRequest): Arrival {
    req.requestId = requestIdOf(req.headers);
    const { rules, peers } = this.#parts;
    const target = inspectRequest(req, rules);
    const origin = peers.origin(peers.of(req.socket), req.headers);
    const routed = this.#parts.table().match(target.path);
    const { via, authorization = '' } = req.headers;
    refuseCircle(via, routed?.route.id, () => this.#parts.isPluginToken(authorization));
    return { target, origin, routed };
  }

  #serveRoute(visit: Visit, res: ServerResponse): void {
    const { req, route, permission } = visit;
    if (route.cors?.isPreflight(req)) {
      res.setHeader('x-request-id', req.requestId);
      route.cors.answerPreflight(req, res);
      return;
    }
    route.cors?.apply(req, res);
    if (route.kind === 'plugin') refuseServiceWorker(req);
    this.#pass(visit, {
      isGone: () => res.destroyed,
      go: () => {
        const body = bodyKindOf(req, permission);
        // Said here, as soon as the request may go on; the plugin is not asked.
        if (expectsContinue(req)) res.writeContinue();
        prepareOutgoing(visit);
        this.#parts.forwarder.forward(visit, res, body);
      },
      give: (answer) => this.#parts.refusals.give(req, res, answer),
      refuse: (error) => this.#parts.refusals.answer(req, res, error, route),
    });
  }

  /** Takes the steps, at once where none has to wait, and goes on. Throws what is refused at once. */
  #pass(visit: Visit, way: Way): void {
    const go = (): void => {
      if (way.isGone()) return;
      if (visit.answer) way.give(visit.answer);
      else way.go();
    };
    const waiting = takeSteps(this.#parts.steps(), visit);
    if (waiting) waiting.then(go).catch(way.refuse);
    else go();
  }

  #serveRest(req: GatewayRequest, res: ServerResponse, { target }: Arrival): void {
    if (target.path.startsWith('/api/')) throw this.#parts.table().unknown(target.path);
    res.setHeader('x-request-id', req.requestId);
    this.#parts.serveOwn(req, res, target);
  }
}
