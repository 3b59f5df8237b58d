import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@plugmesh/shared/testing';
import { GatewayStage } from './gateway-stage.ts';
import { SteadyLoad, type Account, type LoadKind } from './steady-load.ts';
import { SteadySockets } from './steady-sockets.ts';

/** What clients send all the time. */
const kindsOf = ({ origin, cookie }: GatewayStage) =>
  ({
    get: { origin, path: '/api/ships/item', method: 'GET', perSecond: 100 },
    post: { origin, path: '/api/ships/item', method: 'POST', perSecond: 50 },
    /** To another plugin, which has nothing to do with it. */
    neighbour: { origin, path: '/api/boats/item', method: 'GET', perSecond: 50 },
    /** To that one as well, where only a session opens the door. */
    session: { origin, path: '/api/boats/cabin/item', method: 'GET', headers: { cookie }, perSecond: 50 },
  }) as const satisfies Record<string, LoadKind>;

type Kind = keyof ReturnType<typeof kindsOf>;

export type Accounts = Readonly<Record<Kind, Account>>;

/** Those that go where something goes wrong; the others must not notice. */
const CONCERNED: readonly string[] = ['get', 'post'] satisfies Kind[];

/** Something that goes wrong behind the gateway while requests are sent. */
export interface GatewayFault {
  readonly name: string;
  readonly what: string;
  /** Makes it happen; resolves when its cause is gone. What it answers is reported. */
  readonly cause: (stage: GatewayStage) => Promise<object | undefined>;
  /** How many requests of a kind may fail; nobody else's may. */
  readonly mayFail?: { readonly get?: number; readonly post?: number };
  /** How long a request may take, in seconds; default 2. */
  readonly longestStall?: number;
  /** When everything is settled again; what it answers is reported, what it throws is a problem. */
  readonly afterwards?: (stage: GatewayStage) => Promise<object | undefined>;
}

/** What was seen of one fault. */
export interface GatewayObservation {
  readonly fault: string;
  readonly what: string;
  readonly requests: Accounts;
  readonly webSockets: Awaited<ReturnType<SteadySockets['stop']>>;
  readonly retries: number;
  readonly ejections: number;
  /** Requests that were refused because the gateway did not keep up: the machine is busy with something else. */
  readonly shed: number;
  readonly more: object;
  readonly problems: readonly string[];
}

const BEFORE_MS = 2000;
const AFTER_MS = 3000;
const SOCKETS = 50;
const LONGEST_STALL = 2;

/** Sets everything up, lets the fault happen under a steady load, and accounts for every request. */
export async function playGateway(fault: GatewayFault): Promise<GatewayObservation> {
  const stage = await GatewayStage.start();
  try {
    return await observe(stage, fault);
  } finally {
    await stage.stop();
  }
}

async function observe(stage: GatewayStage, fault: GatewayFault): Promise<GatewayObservation> {
  await eventually(async () => (await stage.metric('plugmesh_gateway_instances', 'healthy')) === 3);
  const sockets = await SteadySockets.open(`ws://127.0.0.1:${stage.port}/api/boats/`, SOCKETS);
  const loads = Object.entries(kindsOf(stage)).map(([name, kind]) => [name, new SteadyLoad(kind)] as const);
  for (const [, load] of loads) load.start();
  await delay(BEFORE_MS);
  const caused = await fault.cause(stage);
  await delay(AFTER_MS);
  const stopped = loads.map(async ([name, load]) => [name, await load.stop()] as const);
  const requests = Object.fromEntries(await Promise.all(stopped)) as Accounts;
  const webSockets = await sockets.stop();
  const problems = problemsOf(fault, requests);
  if (webSockets.closed > 0) problems.push(`${webSockets.closed} WebSockets of another plugin were closed`);
  if (webSockets.answered < webSockets.sent) problems.push('WebSockets of another plugin went unanswered');
  const check = async (): Promise<object | undefined> => fault.afterwards?.(stage);
  const checked = await check().catch((error: unknown) => void problems.push(String(error)));
  return {
    fault: fault.name,
    what: fault.what,
    requests,
    webSockets,
    retries: await stage.metric('plugmesh_gateway_retries_total', 'sent'),
    ejections: await stage.metric('plugmesh_gateway_ejections_total'),
    shed: await stage.metric('plugmesh_gateway_refusals_total', 'MESH_OVERLOADED'),
    more: { ...caused, ...checked },
    problems,
  };
}

function problemsOf(fault: GatewayFault, requests: Accounts): string[] {
  const { mayFail = {}, longestStall = LONGEST_STALL } = fault;
  const allowed: Record<string, number> = { ...mayFail };
  return Object.entries(requests).flatMap(([name, account]) => {
    const limit = CONCERNED.includes(name) ? longestStall : LONGEST_STALL;
    return [
      ...(account.failed > (allowed[name] ?? 0) ? [`${account.failed} of '${name}' failed`] : []),
      ...(account.longestStall > limit ? [`one of '${name}' took ${account.longestStall} s`] : []),
    ];
  });
}
