import { pluginEnvironment } from '../config/plugin-environment.ts';
import { runProcess } from '../lifecycle/index.ts';
import { createLog } from '../log/index.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import { currentHost } from './host.ts';
import { createNoBus } from './bus/no-bus.ts';
import { PluginBus } from './bus/plugin-bus.ts';
import { createCall } from './plugin-calls.ts';
import { createIdentify } from './plugin-identity.ts';
import type { PluginParts, PluginSource } from './plugin-parts.ts';
import { Plugin } from './plugin.ts';
import { readManifest } from './read-manifest.ts';
import { registrationOf } from './registration.ts';

/** Runs what an author has defined: in the test that has loaded it, else as this process. */
export function runPlugin(source: PluginSource): void {
  const host = currentHost();
  if (host) host(source);
  else void runProcess(new Plugin(source, processParts(source)).lifecycle);
}

/** What a process lives on, as its environment says. */
function processParts({ name }: PluginSource): PluginParts {
  const environment = pluginEnvironment();
  const { manifest, source } = readManifest({ entry: process.argv[1] ?? '', cwd: process.cwd(), name });
  const { mode, logLevel } = environment.mesh ?? {};
  const log = createLog({
    name: environment.plugin ?? manifest.name,
    ...(mode && { mode }),
    ...(logLevel !== undefined && { level: logLevel }),
  });
  const { redisUrl, url, token, host, port } = environment;
  return {
    manifest,
    environment,
    log,
    clock: SYSTEM_CLOCK,
    bus: redisUrl === undefined ? createNoBus(log) : new PluginBus(redisUrl, manifest.name, log),
    identify: createIdentify(manifest.name, url),
    call: createCall(url, token),
    address: { host, port: port ?? manifest.port ?? 0 },
    register: registrationOf({ environment, manifest, source, log }),
  };
}
