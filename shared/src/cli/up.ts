import { formatProblem, MeshError, MeshProblems } from '../errors/index.ts';
import { findManifests, type FoundManifest } from '../manifest/index.ts';
import type { Config } from '../config/index.ts';
import { findRedisServer, loadMeshConfig, meshPorts, meshRoot, programPath } from '../processes/index.ts';
import { processEnvironment } from '../config/index.ts';
import type { CommandLine } from './command-line.ts';
import { killLeftovers, refuseOtherPm2 } from './leftovers.ts';
import { MeshClient } from './mesh-client.ts';
import { MeshRun } from './mesh-run.ts';
import { assertPortsFree } from './port-check.ts';
import { followPlugins, showMesh } from './show-mesh.ts';
import { forgetUp, recordUp, runningUp } from './run-record.ts';
import { strangeSections } from './strange-sections.ts';
import { StopSignals } from './stop-signals.ts';
import { watchPlugins } from './watch-plugins.ts';

/** `plugmesh up`: check everything, start, show, and stay until a signal. */
export async function up({ options }: CommandLine): Promise<number> {
  const startedAt = performance.now();
  const config = readConfig(options.config);
  await claim(config);
  const signals = new StopSignals();
  const run = new MeshRun(config);
  try {
    prepareMesh(config, options.config);
    run.start();
    const { stopped } = signals;
    const client = new MeshClient(config);
    const shown = showMesh(config, { client, startedAt, stopped, onReady: () => run.confirm() });
    const followed = shown.then((plugins) =>
      Promise.all([
        followPlugins(config, client, plugins, stopped),
        ...(options.watch ? [watchPlugins(options.config, client, stopped)] : []),
      ]),
    );
    // Whichever comes first: a signal, a start that fails, or a pm2 that cannot be kept alive.
    await Promise.race([signals.received, run.failed, followed.then(() => signals.received)]);
    return 0;
  } finally {
    signals.onSecond(() => void run.kill());
    if (run.isStarted) process.stdout.write('\nStopping …\n');
    await run.stop();
    forgetUp(config);
    signals.release();
  }
}

/** Problems of manifests come with those of the configuration: one run tells everything. */
function readConfig(file: string | undefined): Config {
  try {
    return loadMeshConfig(file);
  } catch (error) {
    if (!(error instanceof MeshProblems)) throw error;
    const found = findManifests({ root: meshRoot(file), pluginSettings: {} });
    throw new MeshProblems([...error.problems, ...problemsOf(found)]);
  }
}

function problemsOf(found: readonly FoundManifest[]): MeshError[] {
  return found.flatMap((each) => each.problems ?? []);
}

/** Makes sure that this is the only `up` of this mesh, and that nothing is left of an earlier one. */
async function claim(config: Config): Promise<void> {
  const pid = runningUp(config);
  if (pid !== undefined)
    throw new MeshError('MESH_ALREADY_RUNNING', `this mesh is run by process ${pid}`, {
      fix: "stop it with './plugmesh down', or give this one a state_dir and ports of its own",
    });
  refuseOtherPm2(config);
  recordUp(config);
  const left = await killLeftovers(config);
  if (left > 0) process.stdout.write(`Ended ${left} processes that an earlier run had left behind.\n`);
}

function prepareMesh(config: Config, file: string | undefined): void {
  assertRedis(config);
  assertPortsFree(config);
  const found = findManifests(config);
  const problems = problemsOf(found);
  if (problems.length > 0) process.stderr.write(`${problems.map(formatProblem).join('\n')}\n`);
  for (const each of strangeSections(config, found, file))
    process.stderr.write(`${formatProblem(each).replace('✖', '!')}\n`);
  meshPorts(config, found, true);
}

function assertRedis(config: Config): void {
  if (config.redisUrl !== undefined || findRedisServer(programPath(processEnvironment()))) return;
  throw new MeshError('MESH_REDIS_MISSING', 'neither redis-server nor valkey-server is on PATH', {
    fix: 'install one (Debian: apt-get install redis-server), or set REDIS_URL=redis://host:6379',
  });
}
