import { eventually } from '@plugmesh/shared/testing';
import { docker, serviceOf, shortName, type ComposeProject, type Container } from './project.ts';
import { SteadyRequests } from './steady-requests.ts';
import type { Visitor } from './visitor.ts';

/** What happened around the crash of one container. */
export interface Crash {
  /** Until the container was healthy again. */
  readonly backAfterMs: number;
  /** Requests to the plugins that were not hit, through the gateways that were not. */
  readonly sent: number;
  readonly failed: number;
  readonly lastFailure?: string;
}

/** The same, and how long a push of a page that was open all the time then took to be answered. */
export interface SurvivedCrash extends Crash {
  readonly answeredAfterMs: number;
}

/** Kills what runs in a container, as a crash would, and watches the others until it is back. */
export async function crash(
  project: ComposeProject,
  victim: Container,
  { visitor, plugins }: { readonly visitor: Visitor; readonly plugins: readonly string[] },
): Promise<Crash> {
  const hit = serviceOf(victim);
  const origins = hit === 'gateway' ? await otherGateways(project, victim) : await project.gateways();
  const requests = new SteadyRequests(
    visitor,
    origins,
    plugins.filter((id) => id !== hit),
  );
  const startedAt = performance.now();
  // `docker kill` would count as a wish of ours, and some engines then leave it stopped.
  await docker('exec', victim.Id, 'sh', '-c', 'kill -9 $(cat /proc/1/task/1/children)').catch(
    () => undefined,
  );
  await eventually(() => isBack(project, victim), {
    timeoutMs: 60_000,
    everyMs: 250,
    what: `${shortName(victim)} to come back`,
  }).finally(() => requests.stop());
  const tallies = [...requests.tallies.values()];
  const lastFailure = tallies.find((each) => each.lastFailure !== undefined)?.lastFailure;
  return {
    backAfterMs: Math.round(performance.now() - startedAt),
    sent: sum(tallies.map(({ sent }) => sent)),
    failed: sum(tallies.map(({ failed }) => failed)),
    ...(lastFailure === undefined ? {} : { lastFailure }),
  };
}

async function otherGateways(project: ComposeProject, victim: Container): Promise<string[]> {
  const own = Object.values(victim.NetworkSettings.Ports).flatMap((ports) => ports ?? []);
  const all = await project.gateways();
  return all.filter((origin) => !own.some(({ HostPort }) => origin.endsWith(`:${HostPort}`)));
}

async function isBack(project: ComposeProject, victim: Container): Promise<boolean> {
  const now = (await project.containers()).find(({ Id }) => Id === victim.Id);
  return now?.State.Health?.Status === 'healthy' && now.State.StartedAt !== victim.State.StartedAt;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
