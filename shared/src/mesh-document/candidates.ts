import type { PluginSettings } from '../config/config.ts';
import type { MeshError } from '../errors/index.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { DocumentInput, Registration } from './document-input.ts';
import type { MeshPlugin } from './types.ts';

/** A plugin that files or registrations name, before it is known whether it may be what it says. */
export interface Candidate {
  readonly id: string;
  readonly source: MeshPlugin['source'];
  readonly manifest: Manifest | undefined;
  /** The manifest came with a registration: it may do only what is granted. */
  readonly isRestricted: boolean;
  readonly settings: PluginSettings;
  readonly registrations: readonly Registration[];
  /** What is wrong with its manifest. */
  readonly problems: readonly MeshError[];
  /** Why it is not enabled; `undefined` when it is. */
  readonly disabledBecause: string | undefined;
}

const NO_SETTINGS: PluginSettings = { urls: [], config: {} };

/** Whether nothing of it runs anywhere: it is a description of endpoint types. */
export function runsNothing({ source, manifest, registrations }: Candidate): boolean {
  return source === 'manifest' && manifest?.run.length === 0 && registrations.length === 0;
}

/** Every plugin, in the order in which they claim names: manifests, then the configuration, then registrations. */
export function candidates(input: DocumentInput): Candidate[] {
  const { config, found, registrations } = input;
  const files = new Map(found.map((each) => [each.id, each]));
  const withUrls = Object.entries(config.pluginSettings).filter(([, { urls }]) => urls.length > 0);
  const ids = new Set([
    ...files.keys(),
    ...withUrls.map(([id]) => id),
    ...registrations.map(({ plugin }) => plugin),
  ]);
  return [...ids].map((id) => {
    const file = files.get(id);
    const settings = config.pluginSettings[id] ?? NO_SETTINGS;
    const own = registrations.filter(({ plugin }) => plugin === id);
    // The newest instance knows best; a file stands above all of them.
    const registered = file ? undefined : own.findLast(({ manifest }) => manifest !== undefined)?.manifest;
    return {
      id,
      source: sourceOf(settings, file !== undefined),
      manifest: file?.manifest ?? registered,
      isRestricted: registered !== undefined,
      settings,
      registrations: own,
      problems: file?.problems ?? [],
      disabledBecause: disabledBecause(id, settings, input),
    };
  });
}

// A URL says that the plugin is started elsewhere, whatever its manifest could run.
function sourceOf({ urls }: PluginSettings, hasFile: boolean): MeshPlugin['source'] {
  if (urls.length > 0) return 'config';
  return hasFile ? 'manifest' : 'registration';
}

function disabledBecause(id: string, { enabled }: PluginSettings, input: DocumentInput): string | undefined {
  const override = input.overrides[id];
  if (override) return override.enabled ? undefined : 'disabled at run time';
  if (enabled !== undefined) return enabled ? undefined : `'plugins.${id}.enabled' is false`;
  const { plugins } = input.config;
  return plugins.includes('*') || plugins.includes(id) ? undefined : "'core.plugins' does not name it";
}
