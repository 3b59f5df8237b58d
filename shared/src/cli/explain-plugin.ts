import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { type Config, type ExplainedSetting, masked, readOverrides } from '../config/index.ts';
import { formatPosition } from '../errors/index.ts';
import { manifestHttpDefaults } from '../manifest/http-schema.ts';
import type { FoundManifest, Manifest } from '../manifest/index.ts';
import { JsonSource } from '../manifest/json-source.ts';
import { readPorts } from '../processes/index.ts';

/** What a plugin's settings are, by their names in `[plugins.<id>]`; `path` is where a manifest has the same. */
const FROM_MANIFEST: readonly {
  readonly name: string;
  readonly path: readonly string[];
  readonly initial?: unknown;
}[] = [
  { name: 'guard', path: ['http', 'guard'], initial: manifestHttpDefaults.guard },
  { name: 'limits.timeout', path: ['http', 'timeoutMs'], initial: `${manifestHttpDefaults.timeoutMs}ms` },
  { name: 'limits.body', path: ['http', 'maxBody'], initial: `${manifestHttpDefaults.maxBody}B` },
  { name: 'limits.response', path: ['http', 'maxResponse'] },
];

/** Where a plugin is served, as whom and with what: each value with its origin. */
export function explainPlugin(
  config: Config,
  found: FoundManifest | undefined,
  id: string,
  given: readonly ExplainedSetting[],
): ExplainedSetting[] {
  const prefix = `plugins.${id}.`;
  const own = new Map(given.filter(({ key }) => key.startsWith(prefix)).map((each) => [each.key, each]));
  const source = sourceOf(found);
  const row = (name: string, fallback: Omit<ExplainedSetting, 'key'>): ExplainedSetting =>
    own.get(prefix + name) ?? { key: prefix + name, ...fallback };
  const rows = [
    enabled(config, id, given, own.get(`${prefix}enabled`)),
    row('path', { value: `/api/${id}`, from: 'default' }),
    ...FROM_MANIFEST.map(({ name, path, initial }) => row(name, inManifest(source, path, initial))),
    ...placeOf(config, found?.manifest, source, prefix),
    ...ownSettings(found?.manifest, source, prefix, own),
  ];
  const known = new Set(rows.map(({ key }) => plain(key)));
  return [...rows, ...[...own.values()].filter(({ key }) => !known.has(plain(key)))];
}

/** Run time goes before the file, and that before the list of all. */
function enabled(
  { stateDir, plugins }: Config,
  id: string,
  given: readonly ExplainedSetting[],
  own: ExplainedSetting | undefined,
): ExplainedSetting {
  const key = `plugins.${id}.enabled`;
  const override = readOverrides(stateDir)[id];
  if (override) {
    const command = override.enabled ? 'enable' : 'disable';
    return { key, value: override.enabled, from: `./plugmesh ${command}, remembered in the state folder` };
  }
  if (own) return own;
  const list = given.find((each) => each.key === 'core.plugins');
  const from = `core.plugins, ${list?.from ?? 'default'}`;
  return { key, value: plugins.includes('*') || plugins.includes(id), from };
}

interface ManifestText {
  readonly json: JsonSource;
  readonly file: string;
}

function sourceOf(found: FoundManifest | undefined): ManifestText | undefined {
  if (!found?.manifest) return undefined;
  const file = relative(process.cwd(), found.file);
  return { json: new JsonSource(readFileSync(found.file, 'utf8'), file), file };
}

function inManifest(
  source: ManifestText | undefined,
  path: readonly string[],
  initial: unknown,
): Omit<ExplainedSetting, 'key'> {
  const value = path.reduce<unknown>(
    (inner, name) => (Object(inner) as Record<string, unknown>)[name],
    source?.json.value,
  );
  if (source && value !== undefined) return { value, from: formatPosition(source.json.positionOf(path)) };
  return { value: initial, from: initial === undefined ? 'not set' : 'default' };
}

/** Where it runs: by whom it is started, and which ports it was given. */
function placeOf(
  config: Config,
  manifest: Manifest | undefined,
  source: ManifestText | undefined,
  prefix: string,
): ExplainedSetting[] {
  if (!manifest || (config.pluginSettings[manifest.name]?.urls.length ?? 0) > 0) return [];
  const folder = {
    key: `${prefix}(folder)`,
    value: relative(process.cwd(), manifest.folder) || '.',
    from: source?.file ?? '',
  };
  // Without code it runs nowhere.
  if (manifest.run.length === 0) return [folder];
  const ports = readPorts(config).plugins[manifest.name];
  const port = {
    value: ports,
    from: ports ? 'given out, ports.json in the state folder' : 'when it is started',
  };
  return [
    folder,
    { key: `${prefix}(run)`, ...inManifest(source, ['run'], undefined) },
    {
      key: `${prefix}(port)`,
      ...(manifest.port === undefined ? port : inManifest(source, ['port'], undefined)),
    },
  ];
}

/** The settings that its manifest knows, with the defaults of their schema. */
function ownSettings(
  manifest: Manifest | undefined,
  source: ManifestText | undefined,
  prefix: string,
  own: ReadonlyMap<string, ExplainedSetting>,
): ExplainedSetting[] {
  const properties = (manifest?.config?.['properties'] ?? {}) as Record<
    string,
    { readonly default?: unknown; readonly writeOnly?: unknown }
  >;
  return Object.entries(properties).map(([name, property]) => {
    const key = `${prefix}config.${name}`;
    const path = ['config', 'properties', name, 'default'];
    const found = own.get(key) ?? named(own, key) ?? { key, ...inManifest(source, path, undefined) };
    return { ...found, value: masked(name, found.value, property.writeOnly === true || undefined) };
  });
}

/** Variables are in capitals: `API_KEY` may be the schema's `apiKey`. */
function named(own: ReadonlyMap<string, ExplainedSetting>, key: string): ExplainedSetting | undefined {
  const found = [...own.values()].find((each) => plain(each.key) === plain(key));
  return found && { ...found, key };
}

function plain(key: string): string {
  return key.replaceAll(/[-_]/g, '').toLowerCase();
}
