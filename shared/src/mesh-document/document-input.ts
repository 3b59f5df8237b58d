import type { Config } from '../config/config.ts';
import type { FoundManifest, Manifest } from '../manifest/manifest.ts';
import type { Instance, MiddlewareRule, PluginFailure, PluginState } from './types.ts';

/** An instance that registered itself and is alive (contracts § 1.6). */
export interface Registration {
  readonly plugin: string;
  readonly instance: string;
  readonly url: string;
  readonly version?: string;
  readonly startedAt?: string;
  readonly manifest?: Manifest;
}

/** How a plugin was last seen to be. */
export interface ObservedState {
  readonly state: PluginState;
  readonly reason?: string;
  /** What `reason` says, in parts, when something has failed. */
  readonly failure?: PluginFailure;
  /** Instead of those that follow from ports, URLs and registrations. */
  readonly instances?: readonly Instance[];
}

/** Everything that a mesh document follows from. */
export interface DocumentInput {
  readonly config: Config;
  readonly found: readonly FoundManifest[];
  readonly registrations: readonly Registration[];
  /** Plugin id → ports of its local instances. */
  readonly ports: Readonly<Record<string, readonly number[]>>;
  /** Plugin id → how it is; without an entry its instances are taken to be ready. */
  readonly states: Readonly<Record<string, ObservedState>>;
  /** Plugin id → what enable and disable said at run time. */
  readonly overrides: Readonly<Record<string, { readonly enabled: boolean }>>;
  readonly version: number;
  /** What the last document had. */
  readonly middleware?: readonly MiddlewareRule[];
}
