import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import type { FoundManifest, Manifest } from '../manifest/index.ts';
import { listeningPorts } from './proc.ts';
import { readState, writeState } from './state-file.ts';

/** Ports given out: the private Redis's, and of each plugin one per instance. */
export interface Ports {
  readonly redis: number;
  readonly plugins: Readonly<Record<string, readonly number[]>>;
}

const REDIS_OFFSET = 3;
const PLUGIN_OFFSET = 5;

/**
 * The ports of this mesh: those remembered in the state folder, new ones for what is new. Everybody who asks gets the
 * same answer. With `renew`, a remembered port that another program has taken meanwhile is replaced; only for a mesh
 * that is not running.
 */
export function meshPorts(config: Config, found: readonly FoundManifest[], renew = false): Ports {
  const file = join(config.stateDir, 'ports.json');
  const remembered = parsePorts(readState(file));
  const listening = listeningPorts();
  const used = new Set([config.gateway.port, config.mesh.port, config.channel.port]);
  const isFree = (port: number): boolean => !used.has(port) && !listening.has(port);
  const take = (last: number | undefined, from: number): number => {
    const keeps = last !== undefined && !used.has(last) && !(renew && listening.has(last));
    let port = keeps ? last : from;
    while (!keeps && !isFree(port)) port += 1;
    used.add(port);
    return port;
  };
  const manifests = found.flatMap(({ manifest }) => manifest ?? []);
  for (const { port } of manifests) if (port !== undefined) used.add(port);
  const redis = take(remembered.redis, config.gateway.port + REDIS_OFFSET);
  // What is remembered is kept first, so that a plugin found earlier in the alphabet takes nobody's port.
  const plugins: Record<string, number[]> = {};
  for (const [id, ports] of Object.entries(remembered.plugins))
    plugins[id] = ports.map((port) => take(port, config.gateway.port + PLUGIN_OFFSET));
  for (const manifest of manifests) {
    const own = plugins[manifest.name] ?? [];
    plugins[manifest.name] = instancePorts(
      manifest,
      (index) => own[index] ?? take(undefined, config.gateway.port + PLUGIN_OFFSET),
    );
  }
  const ports = { redis, plugins };
  if (JSON.stringify(ports) !== JSON.stringify(remembered)) writeState(file, ports);
  return ports;
}

function instancePorts(manifest: Manifest, portOf: (index: number) => number): number[] {
  // Processes cannot share a fixed port.
  if (manifest.port !== undefined) return [manifest.port];
  return Array.from({ length: manifest.instances }, (_, index) => portOf(index));
}

function parsePorts(value: unknown): { redis: number | undefined; plugins: Record<string, number[]> } {
  const { redis, plugins } = Object(value) as { redis?: unknown; plugins?: unknown };
  const entries = Object.entries(Object(plugins) as Record<string, unknown>);
  return {
    redis: typeof redis === 'number' ? redis : undefined,
    plugins: Object.fromEntries(
      entries.map(([id, list]) => [
        id,
        Array.isArray(list) ? list.filter((port) => typeof port === 'number') : [],
      ]),
    ),
  };
}
