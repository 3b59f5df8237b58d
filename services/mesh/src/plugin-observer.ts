import {
  failing,
  type Instance,
  type ObservedState,
  type PluginFailure,
  pluginFailure,
} from '@plugmesh/shared/mesh-document';
import { type ManagedProcess, portsOfTree, type SystemProcess } from '@plugmesh/shared/processes';
import { exitFailure, lastWords } from './exit-failure.ts';
import { portStranger } from './port-stranger.ts';
import { probe, type ProbeResult } from './probe.ts';

/** A plugin to look at: its health path, and where its instances should be. */
export interface ObservedPlugin {
  readonly id: string;
  readonly health: string;
  /** Started by pm2. */
  readonly processes: readonly ManagedProcess[];
  /** Started elsewhere: instance id → origin. */
  readonly remote: ReadonlyMap<string, string>;
}

/** How long a process may take until it listens. */
const PATIENCE_MS = 30_000;
/** A process that listens, but elsewhere, will not change its mind. */
const ELSEWHERE_MS = 2000;
/** A single slow answer takes nothing down. */
const FAILURES = 3;
const READY_EVERY_MS = 5000;

interface Sight {
  readonly instance: Instance;
  readonly result: ProbeResult;
  readonly failure?: PluginFailure;
  readonly at: number;
  readonly failures: number;
  /** Another program is at the instance's port. */
  readonly isStranger?: boolean;
}

/** One look at one instance, and what it came to. */
interface Place {
  readonly id: string;
  readonly url: string;
  readonly health: string;
  readonly process?: ManagedProcess;
}

/** Looks at instances from outside, by HTTP and `/proc`, and says how each plugin is. */
export class PluginObserver {
  readonly #sights = new Map<string, Sight>();
  readonly #now: () => number;

  /** `now` is a clock in milliseconds since the epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Probes what is due and returns the plugin's state. Ready instances are asked every 5 s, the others each time. */
  async observe(plugin: ObservedPlugin): Promise<ObservedState> {
    const places = [...plugin.processes.map((each, n) => this.#local(plugin, each, n)), ...remotes(plugin)];
    const sights = await Promise.all(places.map((place) => this.#look(place)));
    // A stranger's address is nobody's instance: the gateway would find it healthy.
    const instances = sights.filter(({ isStranger }) => !isStranger).map(({ instance }) => instance);
    return { ...summary(plugin, sights), instances };
  }

  /** Forgets instances that are not among these. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#sights.keys()) if (!ids.has(id)) this.#sights.delete(id);
  }

  #local(plugin: ObservedPlugin, process: ManagedProcess, n: number): Place {
    const id = process.instance ?? `${plugin.id}-${n}`;
    return { id, url: `http://${process.host}:${process.port ?? 0}`, health: plugin.health, process };
  }

  async #look(place: Place): Promise<Sight> {
    const before = this.#sights.get(place.id);
    const pid = place.process?.pid;
    const isSame = before?.instance.pid === pid && before?.instance.url === place.url;
    if (before && isSame && before.result.kind === 'ready' && before.failures === 0) {
      if (this.#now() - before.at < READY_EVERY_MS) return before;
    }
    const sight = await this.#judge(place, isSame ? before : undefined);
    this.#sights.set(place.id, sight);
    return sight;
  }

  async #judge(place: Place, before: Sight | undefined): Promise<Sight> {
    const { id, url, process } = place;
    const at = this.#now();
    const base = { id, url, ...(process?.pid === undefined ? {} : { pid: process.pid }) };
    const stranger = process && before?.result.kind !== 'ready' ? portStranger(process) : undefined;
    if (process && (stranger || process.pid === undefined)) {
      const failure = stranger ? takenFailure(process, stranger) : await exitFailure(process);
      return {
        instance: { ...base, state: 'unready' },
        result: { kind: 'not-listening' },
        failure,
        at,
        failures: 1,
        isStranger: stranger !== undefined,
      };
    }
    const result = await probe(url, place.health);
    if (result.kind === 'ready') {
      const readyMs =
        before?.instance.readyMs ?? (process ? Math.max(0, this.#now() - process.startedAt) : undefined);
      const instance: Instance = { ...base, state: 'ready', ...(readyMs === undefined ? {} : { readyMs }) };
      return { instance, result, at, failures: 0 };
    }
    const failures = (before?.failures ?? 0) + 1;
    if (before?.instance.state === 'ready' && failures < FAILURES) return { ...before, at, failures };
    const failure = result.kind === 'not-listening' ? await this.#silence(place, at) : failureOf(result);
    const state = failure === undefined ? 'starting' : 'unready';
    return {
      instance: { ...base, state },
      result,
      ...(failure === undefined ? {} : { failure }),
      at,
      failures,
    };
  }

  /** Why nothing listens at the instance's address, or undefined while it may still come. */
  async #silence({ url, process }: Place, at: number): Promise<PluginFailure | undefined> {
    if (!process)
      return pluginFailure('MESH_PLUGIN_NOT_LISTENING', `nothing listens at ${url}`, {
        fix: 'start it there: the mesh does not',
      });
    const age = at - process.startedAt;
    const elsewhere = age < ELSEWHERE_MS ? [] : otherPorts(process);
    if (elsewhere.length > 0) return elsewhereFailure(process, elsewhere);
    // It has been here before and ended: until it listens, that is what is known of it.
    if (process.restarts > 0) return exitFailure(process);
    return age < PATIENCE_MS ? undefined : silentFailure(process);
  }
}

function otherPorts({ pid = 0, port }: ManagedProcess): number[] {
  return portsOfTree(pid).filter((each) => each !== port);
}

async function elsewhereFailure(process: ManagedProcess, ports: readonly number[]): Promise<PluginFailure> {
  const { pid = 0, port = 0 } = process;
  const message = `process ${pid} listens on ${ports.join(', ')}, not on ${addressOf(process)}`;
  return pluginFailure('MESH_PLUGIN_NOT_LISTENING', message, {
    lines: await lastWords(process),
    fix: `use the PORT it is given: the variable PORT of its environment, here ${port}`,
  });
}

async function silentFailure(process: ManagedProcess): Promise<PluginFailure> {
  const message = `it did not listen on ${addressOf(process)} within ${PATIENCE_MS / 1000} s`;
  return pluginFailure('MESH_PLUGIN_NOT_LISTENING', message, {
    lines: await lastWords(process),
    fix: 'listen on HOST and PORT of its environment before anything that takes long',
  });
}

function addressOf({ host, port }: ManagedProcess): string {
  return `${host}:${port ?? 0}`;
}

function remotes(plugin: ObservedPlugin): Place[] {
  return [...plugin.remote].map(([id, url]) => ({ id, url, health: plugin.health }));
}

/** The plugin is as its best instance is. */
function summary(plugin: ObservedPlugin, sights: readonly Sight[]): Omit<ObservedState, 'instances'> {
  if (sights.length === 0) {
    return { state: 'stopped', reason: `no instance of '${plugin.id}' runs` };
  }
  if (sights.some(({ instance }) => instance.state === 'ready')) return { state: 'ready' };
  const disabled = sights.map(({ result }) => result).find((result) => result.kind === 'disabled');
  if (disabled) return { state: 'disabled', reason: disabled.reason };
  if (sights.some(({ instance }) => instance.state === 'starting')) return { state: 'starting' };
  const failure = sights.find((sight) => sight.failure !== undefined)?.failure;
  return { state: 'unready', ...(failure ? failing(failure) : { reason: 'it does not answer' }) };
}

/** What the probe says, `CODE: sentence` where it has a code. */
function failureOf(result: Exclude<ProbeResult, { kind: 'ready' | 'not-listening' }>): PluginFailure {
  const { code = 'MESH_PLUGIN_UNAVAILABLE', message = result.reason } =
    /^(?<code>MESH_\w+): (?<message>.*)/s.exec(result.reason)?.groups ?? {};
  return pluginFailure(code, message);
}

function takenFailure({ port }: ManagedProcess, { pid, command }: SystemProcess): PluginFailure {
  return pluginFailure('MESH_PORT_TAKEN', `its port ${port ?? 0} is held by process ${pid} (${command})`, {
    fix: `stop process ${pid}, or give the plugin another 'port' in plugin.json; without one it gets a free one`,
  });
}
