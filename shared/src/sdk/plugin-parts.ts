import type { Server } from 'node:http';
import type { PluginEnvironment } from '../config/plugin-environment.ts';
import type { Log } from '../log/index.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Bus } from './bus/bus.ts';
import type { Clock } from './clock.ts';
import type { PluginDefinition } from './definition.ts';
import type { ListenAddress } from './http/http-side.ts';
import type { Call } from './plugin-calls.ts';
import type { Identify } from './plugin-identity.ts';
import type { Registration } from './registration.ts';

/** A definition whose types only its own functions know. */
export type AnyDefinition = PluginDefinition<unknown, unknown>;

/** What an author has defined, in whichever idiom. */
export interface PluginSource {
  readonly definition: AnyDefinition;
  /** A server of the author's own, which has the routes. */
  readonly server?: Server | undefined;
  /** What the plugin is called where no `plugin.json` says it. */
  readonly name?: string | undefined;
}

/** What a plugin lives on: a process and a mesh, or a test. */
export interface PluginParts {
  readonly manifest: Manifest;
  readonly environment: PluginEnvironment;
  readonly log: Log;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly identify: Identify;
  readonly call: Call;
  /** Undefined: it does not listen. */
  readonly address: ListenAddress | undefined;
  /** Only for one that registers itself; `url` is known once it listens. */
  readonly register?: ((url: () => string) => Registration) | undefined;
}
