import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config/index.ts';
import type { FoundManifest, Manifest } from '../manifest/index.ts';
import { listeningPorts } from './proc.ts';
import { readState, writeState } from './state-file.ts';

/** Ports given out: the private Redis's, and of each plugin one per instance. */
export interface Ports {
  readonly redis: number;
  readonly plugins: Readonly<Record<string, readonly number[]>>;
  /** Plugin id → number of the generation that runs, for those that have been reloaded; the first is 1. */
  readonly generations: Readonly<Record<string, number>>;
  /** Plugin id → ports of the generation that a reload under way has started. */
  readonly next: Readonly<Record<string, readonly number[]>>;
}

const REDIS_OFFSET = 3;
const PLUGIN_OFFSET = 5;

/**
 * The ports of this mesh: those remembered in the state folder, new ones for what is new. Everybody who asks gets the
 * same answer. With `renew`, a remembered port that another program has taken meanwhile is replaced, and generations
 * are counted anew; only for a mesh that is not running.
 */
export function meshPorts(config: Config, found: readonly FoundManifest[], renew = false): Ports {
  const remembered = readPorts(config);
  const { generations, next } = renew ? { generations: {}, next: {} } : remembered;
  const take = portGiver(config, found, { renew, reserved: Object.values(next).flat() });
  const redis = take(
    config.gateway.port + REDIS_OFFSET,
    remembered.redis === 0 ? undefined : remembered.redis,
  );
  const from = config.gateway.port + PLUGIN_OFFSET;
  // What is remembered is kept first, so that a plugin found earlier in the alphabet takes nobody's port.
  const plugins: Record<string, number[]> = {};
  for (const [id, ports] of Object.entries(remembered.plugins))
    plugins[id] = ports.map((port) => take(from, port));
  for (const { manifest } of found) {
    if (!manifest) continue;
    const own = plugins[manifest.name] ?? [];
    plugins[manifest.name] = instancePorts(manifest, (index) => own[index] ?? take(from));
  }
  const ports = { redis, plugins, generations, next };
  if (JSON.stringify(ports) !== JSON.stringify(remembered)) writeState(portsFile(config), ports);
  return ports;
}

/** Gives ports to the next generation of a plugin; the one that runs keeps its own until `promoteNext`. */
export function reserveNext(config: Config, found: readonly FoundManifest[], manifest: Manifest): Ports {
  const ports = meshPorts(config, found);
  const reserved = [...Object.values(ports.plugins), ...Object.values(ports.next)].flat();
  const take = portGiver(config, found, { renew: false, reserved: [ports.redis, ...reserved] });
  const own = instancePorts(manifest, () => take(config.gateway.port + PLUGIN_OFFSET));
  return change(config, { ...ports, next: { ...ports.next, [manifest.name]: own } });
}

/** Makes the next generation of a plugin the one that runs. */
export function promoteNext(config: Config, id: string): Ports {
  const ports = readPorts(config);
  const { [id]: own = ports.plugins[id] ?? [], ...next } = ports.next;
  const generations = { ...ports.generations, [id]: (ports.generations[id] ?? 1) + 1 };
  return change(config, { ...ports, plugins: { ...ports.plugins, [id]: own }, generations, next });
}

/** Gives the ports of plugins' next generations back: of one, or of all that a `mesh` which has ended was starting. */
export function dropNext(config: Config, id?: string): Ports {
  const ports = readPorts(config);
  const kept = Object.entries(ports.next).filter(([each]) => id !== undefined && each !== id);
  return change(config, { ...ports, next: Object.fromEntries(kept) });
}

/** Gives ports out: the remembered one where it may be kept, else the first free one from a place on. */
function portGiver(
  config: Config,
  found: readonly FoundManifest[],
  { renew, reserved }: { readonly renew: boolean; readonly reserved: readonly number[] },
): (from: number, last?: number) => number {
  const listening = listeningPorts();
  const fixed = found.flatMap(({ manifest }) => manifest?.port ?? []);
  const used = new Set([config.gateway.port, config.mesh.port, config.channel.port, ...fixed, ...reserved]);
  const isFree = (port: number): boolean => !used.has(port) && !listening.has(port);
  return (from, last) => {
    const keeps = last !== undefined && !used.has(last) && !(renew && listening.has(last));
    let port = keeps ? last : from;
    while (!keeps && !isFree(port)) port += 1;
    used.add(port);
    return port;
  };
}

function change(config: Config, ports: Ports): Ports {
  writeState(portsFile(config), ports);
  return ports;
}

function portsFile(config: Config): string {
  return join(config.stateDir, 'ports.json');
}

function instancePorts(manifest: Manifest, portOf: (index: number) => number): number[] {
  if (manifest.run.length === 0) return [];
  // Processes cannot share a fixed port.
  if (manifest.port !== undefined) return [manifest.port];
  return Array.from({ length: manifest.instances }, (_, index) => portOf(index));
}

const portsSchema = z.object({
  // 0: none yet.
  redis: z.number().catch(0),
  plugins: z.record(z.string(), z.array(z.number())).catch({}),
  generations: z.record(z.string(), z.number()).catch({}),
  next: z.record(z.string(), z.array(z.number())).catch({}),
});

/** The ports that the state folder remembers; what cannot be read there is none. */
export function readPorts(config: Config): Ports {
  return portsSchema.parse(Object(readState(portsFile(config))));
}
