import { referencesIn } from '../config/index.ts';
import { MeshProblems } from '../errors/index.ts';
import { parsePluginConfig, type Manifest } from '../manifest/index.ts';
import { withReferences } from './interpolation.ts';

type Settings = Readonly<Record<string, unknown>>;
type Properties = Readonly<
  Record<string, { readonly type?: unknown; readonly default?: unknown } | undefined>
>;

/** JSON has these without quotes. */
const BARE: ReadonlySet<unknown> = new Set(['number', 'integer', 'boolean']);

/** `PLUGMESH_CONFIG`: a plugin's own settings as JSON, with its schema's defaults, and `${NAME}` for compose to replace. */
export function settingsText(manifest: Manifest, settings: Settings): string {
  const properties = Object(manifest.config?.['properties']) as Properties;
  const entries = Object.entries(completed(manifest, settings, properties));
  const members = entries.map(
    ([key, value]) =>
      `${JSON.stringify(key)}:${isBare(value, properties[key]?.type) ? value : JSON.stringify(value)}`,
  );
  return withReferences(`{${members.join(',')}}`);
}

function completed(manifest: Manifest, settings: Settings, properties: Properties): Settings {
  try {
    return parsePluginConfig(manifest, settings);
  } catch (error) {
    if (!(error instanceof MeshProblems)) throw error;
    // A reference does not fit what its value may fit; whether that does is judged by the mesh.
    return { ...defaultsOf(properties), ...settings };
  }
}

function defaultsOf(properties: Properties): Settings {
  const entries = Object.entries(properties).map(([key, property]) => [key, property?.default] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function isBare(value: unknown, type: unknown): value is string {
  return (
    BARE.has(type) && typeof value === 'string' && /^\$\{\w+\}$/.test(value) && referencesIn(value).length > 0
  );
}
