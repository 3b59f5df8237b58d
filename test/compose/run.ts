/**
 * Runs the shipped docker-compose.yml for real, looks at it from outside, crashes every container once and says what it
 * saw: `node test/compose/run.ts`. Needs Docker with Compose, and the base images. Exit code 0: everything held.
 */
import { eventually } from '@plugmesh/shared/testing';
import { crash } from './crash.ts';
import { LiveClient } from './live-client.ts';
import { confinementProblems, containerFacts, socketSpread } from './look.ts';
import { observations, publish } from './observations.ts';
import { ComposeProject, docker, serviceOf, shortName } from './project.ts';
import { Visitor } from './visitor.ts';

const LONGEST_RUN_MS = 30 * 60_000;
const BUILD_MS = 20 * 60_000;
const CLIENTS = 24;
const PAGES = 6;
/** Published by every plugin that greets: contracts and guides use the same topics. */
const GREETS = /^hello-/;

interface PluginView {
  readonly id: string;
  readonly state: string;
}

/** The plugins, and who asks them. */
interface Asked {
  readonly visitor: Visitor;
  readonly plugins: readonly string[];
}

const project = new ComposeProject();
const seen = observations(await docker('version', '--format', '{{.Server.Version}}'));

setTimeout(() => void giveUp('the run took too long'), LONGEST_RUN_MS).unref();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void giveUp(signal));
try {
  await project.prepare();
  await lookAtEverything();
} catch (error) {
  await giveUp(String(error));
}
await finish();

async function giveUp(why: string): Promise<void> {
  seen.problems.push(why);
  process.stderr.write(await project.compose(['logs', '--tail', '30']).catch(String));
  await finish();
}

async function finish(): Promise<void> {
  await project.remove().catch((error: unknown) => seen.problems.push(`not removed: ${String(error)}`));
  publish(seen);
  process.exit(seen.problems.length === 0 ? 0 : 1);
}

async function lookAtEverything(): Promise<void> {
  await step('build', () => project.compose(['build'], { timeoutMs: BUILD_MS }));
  await project.prepareVolume();
  await step('up', () => up([]));
  const plugins = await step('ready', () => readyPlugins());
  const visitor = new Visitor(await project.apiKey());
  const asked = { visitor, plugins };
  await step('plugins', () => askPlugins(asked));
  Object.assign(seen.containers, await containerFacts(project));
  seen.problems.push(...(await confinementProblems(project, seen.containers)));
  await step('switch', () => switchPlugin(plugins));
  await step('scale', () => up(['--scale', 'channel=3', '--scale', 'gateway=2']));
  await step('spread', () => spreadClients(plugins));
  await step('crashes', () => crashEverything(asked));
  await step('afterwards', () => askPlugins(asked));
}

/** Does one part of the run and notes how long it took. */
async function step<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
  process.stderr.write(`${name} …\n`);
  const startedAt = performance.now();
  const result = await action();
  seen.seconds[name] = Math.round((performance.now() - startedAt) / 100) / 10;
  return result;
}

/** Starts what is asked for and waits until all of it is healthy. */
async function up(options: readonly string[]): Promise<void> {
  await project.compose(['up', '--detach', '--no-build', ...options], { timeoutMs: 5 * 60_000 });
  await eventually(
    async () => (await project.containers()).every(({ State }) => State.Health?.Status === 'healthy'),
    { timeoutMs: 120_000, everyMs: 500, what: 'the health of every container' },
  );
}

/** The ids of the plugins that are containers, once mesh says that all are ready. */
async function readyPlugins(): Promise<string[]> {
  const services = new Set((await project.containers()).map(serviceOf));
  const [origin = ''] = await project.gateways();
  return eventually(
    async () => {
      const response = await fetch(`${origin}/mesh/plugins`);
      const { plugins } = (await response.json()) as { plugins: readonly PluginView[] };
      for (const { id, state } of plugins) seen.plugins[id] = { state, status: '' };
      const wanted = plugins.filter(({ state }) => state !== 'disabled');
      const areReady = wanted.length > 0 && wanted.every(({ state }) => state === 'ready');
      return areReady && wanted.every(({ id }) => services.has(id)) && wanted.map(({ id }) => id);
    },
    { timeoutMs: 60_000, everyMs: 500, what: `every plugin in ${origin}/mesh/plugins` },
  );
}

/** One request to each plugin, and one push to each that greets. */
async function askPlugins({ visitor, plugins }: Asked): Promise<void> {
  const [origin = ''] = await project.gateways();
  for (const id of plugins) {
    const failure = await visitor.failureOf(origin, id);
    seen.plugins[id] = { state: 'ready', status: failure ?? '200' };
    if (failure !== undefined) seen.problems.push(`${id}: ${failure}`);
    if (!GREETS.test(id)) continue;
    const client = new LiveClient(origin, id);
    await client.join();
    seen.plugins[id].pushMs = Math.round(await client.ask());
    await eventually(() => client.reports > 0, { what: `a report of ${id}` });
    client.close();
  }
}

/** Clients over both gateways and all channels hear one answer, and none of the channels is left out. */
async function spreadClients(plugins: readonly string[]): Promise<void> {
  const topic = plugins.find((id) => GREETS.test(id));
  if (topic === undefined) return;
  const clients = await openPages(topic, CLIENTS);
  Object.assign(seen.spread, await socketSpread(project, await project.operatorToken()));
  const nonce = clients[0]?.push() ?? '';
  const heard = (): number => clients.filter(({ answers }) => answers.has(nonce)).length;
  await eventually(() => heard() === CLIENTS, { what: 'an answer at every client' }).catch(() => undefined);
  seen.heardByAll[topic] = `${heard()} of ${CLIENTS}`;
  clients.forEach((client) => client.close());
  if (heard() < CLIENTS) seen.problems.push(`only ${heard()} of ${CLIENTS} clients heard an answer`);
  const empty = Object.entries(seen.spread).filter(([, sockets]) => sockets === 0);
  if (empty.length > 0) seen.problems.push(`no socket came to ${empty.map(([name]) => name).join(', ')}`);
}

/** Pages that have joined a topic, by turns through every gateway. */
async function openPages(topic: string, count: number): Promise<LiveClient[]> {
  const origins = await project.gateways();
  const pages = Array.from(
    { length: count },
    (_, n) => new LiveClient(origins[n % origins.length] ?? '', topic),
  );
  await Promise.all(pages.map((page) => page.join()));
  return pages;
}

/** A plugin that is disabled in the mesh stays so when mesh is another container. */
async function switchPlugin(plugins: readonly string[]): Promise<void> {
  const [id = ''] = plugins;
  const [origin = ''] = await project.gateways();
  const answers = (status: number): Promise<unknown> =>
    eventually(async () => (await fetch(`${origin}/api/${id}/`)).status === status, {
      timeoutMs: 15_000,
      what: `${status} of ${id}`,
    });
  await project.command('disable', id);
  await answers(503);
  await project.compose(['up', '--detach', '--no-build', '--no-deps', '--force-recreate', 'mesh']);
  await eventually(async () => (await project.command('ps')).includes(`${id} `), { timeoutMs: 30_000 });
  await answers(503);
  await project.command('enable', id);
  await answers(200);
}

/** One container after the other; pages that stay open must be answered again each time. */
async function crashEverything(asked: Asked): Promise<void> {
  const topic = asked.plugins.find((id) => GREETS.test(id)) ?? '';
  for (const victim of await project.containers()) {
    const name = shortName(victim);
    const pages = await openPages(topic, PAGES);
    const result = await crash(project, victim, asked);
    const answers = await Promise.all(pages.map((page) => page.ask(30_000)));
    seen.crashes[name] = { ...result, answeredAfterMs: Math.round(Math.max(...answers)) };
    pages.forEach((page) => page.close());
    process.stderr.write(`  ${name} ${JSON.stringify(seen.crashes[name])}\n`);
    if (result.failed > 0) seen.problems.push(`${result.failed} requests failed while ${name} was away`);
  }
}
