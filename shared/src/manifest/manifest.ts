import type { MeshError } from '../errors/index.ts';
import type { EndpointType } from './endpoint-type.ts';
import type { MiddlewareRule, PluginHttp, TopicRule } from '../mesh-document/types.ts';

/** A JSON Schema as a manifest carries it; read by the SDK and the docs page. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A topic rule as a manifest states it, with its defaults filled in (contracts § 2.4). */
export interface TopicRuleInput extends Omit<TopicRule, 'plugin'> {
  /** Event name → what it is; feeds the topics page. */
  readonly events?: Readonly<Record<string, unknown>>;
}

/** `http` of a manifest; prefix and CORS come from the configuration. */
export type ManifestHttp = Omit<PluginHttp, 'prefix' | 'corsOrigins'>;

/** `middleware` of a manifest (contracts § 1.5). */
export type ManifestMiddleware = Omit<MiddlewareRule, 'plugin'>;

/** A `plugin.json` that has been checked, with every default filled in (contracts § 1.2). */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly title?: string;
  readonly description?: string;
  /** Program → least version, `{"python3": ">=3.9"}`. */
  readonly requires: Readonly<Record<string, string>>;
  readonly setup: readonly (readonly string[])[];
  /** Argument vector; empty for endpoint types without code, and for a plugin that registers itself and is started elsewhere. */
  readonly run: readonly string[];
  readonly port?: number;
  readonly instances: number;
  /** Whether it is given a folder for files of its own. */
  readonly state: boolean;
  readonly http: ManifestHttp;
  readonly topics: readonly TopicRuleInput[];
  readonly middleware?: ManifestMiddleware;
  readonly endpoints?: readonly EndpointType[];
  readonly config?: JsonSchema;
  readonly dependsOn: readonly string[];
  /** Absolute folder of the file. */
  readonly folder: string;
}

/** A manifest that was looked for: either it is there, or the problems that it has. */
export interface FoundManifest {
  readonly id: string;
  readonly file: string;
  readonly manifest?: Manifest;
  readonly problems?: readonly MeshError[];
}
