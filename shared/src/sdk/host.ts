import { AsyncLocalStorage } from 'node:async_hooks';
import type { PluginSource } from './plugin-parts.ts';

/** Who runs a plugin that has been defined. */
export type Host = (source: PluginSource) => void;

const hosts = new AsyncLocalStorage<Host>();

/** Loads a plugin's file so that what it defines goes to this host and not to the process. */
export function hostedBy<Result>(host: Host, load: () => Promise<Result>): Promise<Result> {
  return hosts.run(host, load);
}

/** The host of the file that is being loaded; undefined: the process itself. */
export function currentHost(): Host | undefined {
  return hosts.getStore();
}
