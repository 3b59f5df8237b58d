import { type Check, failed, Fault, type Outcome, passed } from '../check.ts';
import { pluginUser } from '../../redis-users/index.ts';
import type { Bench } from '../bench.ts';
import type { BusPresence, PrivateRedis, Refusal } from '../private-redis.ts';
import type { Subject } from '../subject.ts';
import { endedFailure } from '../until-listening.ts';
import { until } from '../until.ts';

/** A plugin connects when it starts, or never by itself. */
const CONNECTED_WITHIN_MS = 2000;
const SUBSCRIBED_WITHIN_MS = 700;
/** As often as plugins publish that do so by themselves, and a little more. */
const PUBLISHED_WITHIN_MS = 2500;
const AWAY_MS = 1000;
const BACK_WITHIN_MS = 15_000;
const NO_REDIS = 'no redis-server is on PATH';

/** What is wrong with what Redis has refused. */
const REFUSED: Readonly<Record<string, string>> = {
  auth: 'sign in with user and password of REDIS_URL, as it is given',
  key: "use keys that begin with '<name>:', or have them granted: [plugins.<name>.grants]",
  channel:
    'publish on to:<topic>:<event> and hear from:<topic>:<event>; further ones are granted in [plugins.<name>.grants]',
  command: 'do without the command: what is allowed is in docs/reference/bus.md',
};

/** That it lives with the bus, which comes and goes. */
export const busChecks: readonly Check[] = [
  {
    id: 'bus-rights',
    level: 2,
    sentence: 'keeps to its own keys and channels on Redis',
    fix: REFUSED['command'] ?? '',
    needsProcess: true,
    needs: ['http'],
    async run({ bench }) {
      const bus = await onTheBus(bench);
      if ('why' in bus) return bus;
      return refusalOutcome(bench, await bus.redis.refusals());
    },
  },
  {
    id: 'bus-outage',
    level: 2,
    sentence: 'serves while Redis is away, and is on the bus again when it is back',
    fix: 'catch the errors of the connection, and connect and subscribe again until it works; most clients do so when they are told to',
    needsProcess: true,
    needs: ['http'],
    run: checkOutage,
  },
  {
    id: 'bus-later',
    level: 2,
    sentence: 'starts while Redis is away',
    fix: 'connect in the background: a mesh starts everything at the same time',
    needsProcess: true,
    needs: ['bus-outage'],
    async run(subject) {
      const { bench } = subject;
      await bench.redis?.kill();
      try {
        await bench.start();
        await subject.ask(subject.pathAt('/'));
        return passed();
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        // A supervisor starts it again until it stays.
        return passed(`it does not: ${error.failure.seen}; it is started again until Redis is there`);
      } finally {
        await bench.redis?.start();
        await bench.endPlugin();
      }
    },
  },
];

async function checkOutage(subject: Subject): Promise<Outcome> {
  const { bench } = subject;
  const bus = await onTheBus(bench);
  if ('why' in bus) return bus;
  const { redis, before } = bus;
  const published = await publishes(bench, redis);
  const serving = (await subject.ask(subject.pathAt('/'))).status;
  const run = await bench.running();
  await redis.kill();
  try {
    if (await run.endsWithin(AWAY_MS)) throw new Fault(endedFailure(run, 'when Redis went away'));
    const { status } = await subject.ask(subject.pathAt('/'));
    if (status >= 500 && serving < 500)
      return failed(`GET / is answered with ${status} while Redis is away, with ${serving} before`);
  } finally {
    await redis.start();
  }
  const isBack = await until(async () => run.end ?? covers(await redis.presence(), before), {
    timeoutMs: BACK_WITHIN_MS,
    signal: bench.signal,
  });
  if (run.end) throw new Fault(endedFailure(run, 'when Redis came back'));
  if (!isBack)
    return failed(
      `${lostOf(await redis.presence(), before)} within ${BACK_WITHIN_MS / 1000} s of Redis' return`,
      { lines: run.lines },
    );
  if (published && !(await publishes(bench, redis, BACK_WITHIN_MS)))
    return failed(`it published before, and nothing within ${BACK_WITHIN_MS / 1000} s of Redis' return`, {
      lines: run.lines,
    });
  return passed();
}

type OnTheBus = { readonly redis: PrivateRedis; readonly before: BusPresence };

/** What it has open on Redis, or why there is nothing to look at. */
async function onTheBus(bench: Bench): Promise<OnTheBus | Extract<Outcome, { kind: 'skipped' }>> {
  const { redis } = bench;
  if (!redis) return { kind: 'skipped', why: NO_REDIS };
  await bench.running();
  const { signal } = bench;
  const isThere = async (): Promise<boolean> => (await redis.presence()).connections > 0;
  const hears = async (): Promise<boolean> => (await redis.presence()).subscriptions > 0;
  if (await until(isThere, { timeoutMs: CONNECTED_WITHIN_MS, signal }))
    await until(hears, { timeoutMs: SUBSCRIBED_WITHIN_MS, signal });
  const before = await redis.presence();
  const refusals = (await redis.refusals()).length;
  if (before.connections === 0 && refusals === 0)
    return { kind: 'skipped', why: 'it does not connect to Redis by itself' };
  return { redis, before };
}

/** Whether something comes from it without being asked. */
async function publishes(
  bench: Bench,
  redis: PrivateRedis,
  timeoutMs = PUBLISHED_WITHIN_MS,
): Promise<boolean> {
  const heard = await redis.listen();
  return (await until(() => heard() > 0, { timeoutMs, signal: bench.signal })) ?? false;
}

function covers(now: BusPresence, before: BusPresence): boolean {
  return now.subscriptions >= before.subscriptions && (now.connections > 0 || before.connections === 0);
}

function lostOf(now: BusPresence, before: BusPresence): string {
  if (now.connections === 0) return 'it did not connect again';
  return `it had ${before.subscriptions} subscriptions and has ${now.subscriptions}`;
}

function refusalOutcome({ manifest }: Bench, refusals: readonly Refusal[]): Outcome {
  const user = pluginUser(manifest.name);
  const [first] = refusals.filter((each) => each.user === user || each.reason === 'auth');
  if (!first) return passed();
  const { reason, object } = first;
  const what = reason === 'auth' ? `signing in as '${first.user}'` : `the ${reason} '${object}'`;
  const fix = REFUSED[reason]?.replaceAll('<name>', manifest.name);
  return failed(`Redis refused it ${what}`, { fix });
}
