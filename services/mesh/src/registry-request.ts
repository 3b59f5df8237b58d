import { lookup } from 'node:dns/promises';
import { createBlockList, type Config, type PluginSettings } from '@plugmesh/shared/config';
import { MeshError, MeshProblems } from '@plugmesh/shared/errors';
import { type Manifest, parseRegisteredManifest } from '@plugmesh/shared/manifest';
import { excesses, type Registration } from '@plugmesh/shared/mesh-document';
import { z } from 'zod';
import type { MeshFilesContent } from './mesh-files.ts';

const NO_SETTINGS: PluginSettings = { urls: [], config: {} };

const body = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  version: z.string().max(100).optional(),
  startedAt: z.string().max(100).optional(),
  manifest: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Checks what an instance says of itself (contracts § 1.6). Throws `MeshError` with what to do.
 * A plugin whose manifest is among our files is described by that one alone; what it sends is not looked at.
 */
export async function readRegistration(
  plugin: string,
  instance: string,
  value: unknown,
  { config, found }: MeshFilesContent,
): Promise<Registration> {
  if (!/^[\w.:-]{1,100}$/.test(instance)) {
    throw bad(`an instance's id has 1 to 100 letters, digits, '.', ':', '_' or '-'; received '${instance}'`);
  }
  const parsed = body.safeParse(value);
  if (!parsed.success) throw bad(z.prettifyError(parsed.error));
  const { url, manifest, version, startedAt } = parsed.data;
  const isKnown = found.some(({ id }) => id === plugin);
  await checkNetwork(url, config.gateway.instanceNetworks);
  return {
    plugin,
    instance,
    url: new URL(url).origin,
    ...(version === undefined ? {} : { version }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(manifest === undefined || isKnown ? {} : { manifest: readManifest(plugin, manifest, config) }),
  };
}

/** The address must lie in `gateway.instance_networks`, or a plugin could turn the gateway on any host. */
async function checkNetwork(url: string, networks: readonly string[]): Promise<void> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const allowed = createBlockList(networks);
  const addresses = await lookup(host, { all: true }).catch(() => []);
  const isAllowed = addresses.every(({ address, family }) =>
    allowed.check(address, family === 6 ? 'ipv6' : 'ipv4'),
  );
  if (addresses.length > 0 && isAllowed) return;
  throw new MeshError('MESH_FORBIDDEN', `'${host}' is not in gateway.instance_networks`, {
    fix: `Register an address in one of ${networks.join(', ')}, or add its network there.`,
  });
}

function readManifest(plugin: string, value: object, config: Config): Manifest {
  let manifest: Manifest;
  try {
    manifest = parseRegisteredManifest(value, plugin);
  } catch (error) {
    if (!(error instanceof MeshProblems)) throw error;
    throw bad(error.message);
  }
  const [first] = excesses({ id: plugin, manifest, settings: config.pluginSettings[plugin] ?? NO_SETTINGS });
  if (first) throw first;
  return manifest;
}

function bad(message: string): MeshError {
  return new MeshError('MESH_BAD_REQUEST', message, {
    fix: 'Send JSON: {"url": "http://127.0.0.1:8001", "version"?, "startedAt"?, "manifest"?}.',
  });
}
