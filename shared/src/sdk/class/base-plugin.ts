import type { MeshSettings } from '../../config/mesh-settings.ts';
import type { PluginContext } from '../context.ts';
import type { RequestData } from './request-data.ts';

/** The settings of one plugin, `[plugins.<id>.config]`. */
export type PluginParameters = Readonly<Record<string, unknown>>;

/** What a class's constructor hands on to `super`. */
export interface BasePluginOptions {
  readonly parameters: PluginParameters;
  readonly context: PluginContext;
}

/** Status and body: a text, or anything that is JSON. */
export type Reply = readonly [code: number, body: unknown];

/** A class that can be a plugin. */
export interface BasePluginClass {
  new (options: BasePluginOptions): BasePlugin;
  /** Instead of the class's name in lower case. */
  readonly route?: string;
  /** Its API description, served where the manifest says. */
  readonly openapi?: Readonly<Record<string, unknown>>;
  readonly name: string;
}

/**
 * A plugin as one class with one request handler, as pluginserver has it: `definePlugin(Example)` serves `Example` at
 * `/api/example`. What the handler throws becomes a 500, and the process lives on.
 */
export abstract class BasePlugin {
  /** Its settings. */
  readonly parameters: PluginParameters;
  /** The mesh's own settings, nothing secret among them; undefined: there is no mesh around the plugin. */
  readonly config: MeshSettings | undefined;
  /** Everything else: `publish`, `service`, `identify`, `log`. */
  readonly context: PluginContext;

  constructor({ parameters, context }: BasePluginOptions) {
    this.parameters = parameters;
    this.config = context.mesh;
    this.context = context;
  }

  /** Runs before the first request. When it throws, the plugin is disabled and says why. */
  initialize?(parameters: PluginParameters): Promise<void> | void;

  /** Answers every request, whatever its method and path. */
  abstract requestHandler(data: RequestData): Promise<Reply> | Reply;

  /** Runs when the plugin stops. */
  terminatePlugin?(): Promise<void> | void;
}
