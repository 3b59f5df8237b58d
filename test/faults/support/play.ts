import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@plugmesh/shared/testing';
import { account, KINDS, type Account, type Kind } from './account.ts';
import type { Fault } from './fault.ts';
import { Stage } from './stage.ts';

/** What was seen of one fault. */
export interface Observation {
  readonly fault: string;
  readonly what: string;
  readonly clients: number;
  readonly processes: number;
  readonly plain: Account;
  readonly durable: Account;
  /** From the beginning until a first client was told, and until no further one was. */
  readonly secondsToDetect: number | null;
  readonly secondsUntilAllTold: number | null;
  /** Which clients were told, by `phx_error` or a lost connection. */
  readonly told: number;
  /** The longest time that a client was without one of its topics. */
  readonly secondsAway: number;
  /** How long plain events took to come to a client, of 99 in 100. */
  readonly p99Ms: number;
  readonly closeCodes: Readonly<Record<string, number>>;
  /** Joins that were answered with `recovered: false`. */
  readonly unrecovered: number;
  readonly more: object;
  readonly problems: readonly string[];
}

const WARM_UP_EVENTS = 25;
const RECOVERY_MS = 60_000;
const SETTLE_MS = 60_000;
/** What comes twice comes soon. */
const QUIET_MS = 1000;

/** Sets everything up, lets the fault happen while events are published, and accounts for every one of them. */
export async function play(fault: Fault): Promise<Observation> {
  const stage = await Stage.start(fault.options ?? {});
  try {
    return await observe(stage, fault);
  } finally {
    await stage.stop();
  }
}

async function observe(stage: Stage, fault: Fault): Promise<Observation> {
  const { clients = 300, processes = 2, page = {} } = fault.options ?? {};
  const problems: string[] = [];
  await stage.open(clients, page);
  await fault.prepare?.(stage);
  stage.publisher.start();
  await eventually(() => newest(stage, 'durable') > WARM_UP_EVENTS, {
    timeoutMs: 30_000,
    what: 'the first events',
  });
  const began = performance.now();
  const caused = await fault.cause(stage);
  const recovered = await recovery(stage);
  await settle(stage).catch((error: unknown) => problems.push(String(error)));
  const told = whatWasTold(stage, began);
  const check = async (): Promise<object | undefined> => fault.afterwards?.(stage);
  const checked = await check().catch((error: unknown) => void problems.push(String(error)));
  const accounts = {
    plain: { ...account(KINDS.plain, stage.pages, stage.publisher), secondsToRecover: recovered.plain },
    durable: { ...account(KINDS.durable, stage.pages, stage.publisher), secondsToRecover: recovered.durable },
  };
  return {
    fault: fault.name,
    what: fault.what,
    clients: stage.pages.length,
    processes,
    ...accounts,
    ...told,
    unrecovered: stage.pages.reduce((sum, { unrecovered }) => sum + unrecovered, 0),
    more: { ...caused, ...checked },
    problems: [...problems, ...problemsOf(accounts, fault)],
  };
}

/** The newest number that every page has of every topic of one kind. */
function newest(stage: Stage, kind: Kind): number {
  return Math.min(...stage.pages.flatMap((page) => KINDS[kind].map((topic) => page.tally(topic).newest)));
}

/** How long it takes from now until every page has an event that is published from now on. */
async function recovery(stage: Stage): Promise<Record<Kind, number | null>> {
  const endedAt = performance.now();
  const measure = async (kind: Kind): Promise<number | null> => {
    const marks = KINDS[kind].map((topic) => [topic, stage.publisher.of(topic).sent] as const);
    const isBack = (): boolean =>
      stage.pages.every((page) => marks.every(([topic, mark]) => page.tally(topic).newest > mark));
    const back = eventually(isBack, { timeoutMs: RECOVERY_MS });
    return back.then(() => secondsSince(endedAt)).catch(() => null);
  };
  const [plain, durable] = await Promise.all([measure('plain'), measure('durable')]);
  return { plain, durable };
}

/** Stops publishing, waits until every page has the last durable event, and a moment for what might come twice. */
async function settle(stage: Stage): Promise<void> {
  await stage.publisher.stop();
  const isWhole = (): boolean =>
    KINDS.durable.every((topic) =>
      stage.pages.every((page) => page.tally(topic).newest >= stage.publisher.of(topic).acknowledged.size),
    );
  await eventually(isWhole, { timeoutMs: SETTLE_MS, what: 'the last durable event at every page' });
  await delay(QUIET_MS);
}

function whatWasTold(
  stage: Stage,
  began: number,
): Pick<
  Observation,
  'secondsToDetect' | 'secondsUntilAllTold' | 'told' | 'secondsAway' | 'p99Ms' | 'closeCodes'
> {
  const firsts = stage.pages
    .map(({ losses }) => losses.find((at) => at >= began))
    .filter((at) => at !== undefined);
  const byCode = Object.groupBy(
    stage.pages.flatMap(({ closeCodes }) => closeCodes),
    String,
  );
  return {
    secondsToDetect: firsts.length === 0 ? null : round((Math.min(...firsts) - began) / 1000),
    secondsUntilAllTold: firsts.length === 0 ? null : round((Math.max(...firsts) - began) / 1000),
    told: firsts.length,
    secondsAway: round(Math.max(...stage.pages.map(({ longestAbsenceMs }) => longestAbsenceMs)) / 1000),
    p99Ms: Math.round(percentile99(stage.pages.flatMap(({ delays }) => delays))),
    closeCodes: Object.fromEntries(Object.entries(byCode).map(([code, all]) => [code, all?.length ?? 0])),
  };
}

function problemsOf({ plain, durable }: Record<Kind, Account>, { mayLose }: Fault): string[] {
  const problems: string[] = [];
  for (const [kind, { twice, outOfOrder, secondsToRecover }] of Object.entries({ plain, durable })) {
    if (twice > 0) problems.push(`${twice} ${kind} events came twice`);
    if (outOfOrder > 0) problems.push(`${outOfOrder} ${kind} events came out of order`);
    if (secondsToRecover === null)
      problems.push(`${kind} topics did not recover within ${RECOVERY_MS / 1000} s`);
  }
  if (durable.lost > 0 && mayLose === undefined) problems.push(`${durable.lost} durable events were lost`);
  return problems;
}

function percentile99(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}

export function secondsSince(moment: number): number {
  return round((performance.now() - moment) / 1000);
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
