import { findSetting, variableOf } from './find-setting.ts';
import { type LoadOptions, openSettings } from './load-config.ts';
import { masked, SECRET } from './masked.ts';
import { fileLayer, type Given, variableLayer } from './setting-layers.ts';
import { SETTINGS } from './settings.ts';
import { formatPosition, type MeshError, type Position } from '../errors/index.ts';

/** A setting, what it is, and who said so. */
export interface ExplainedSetting {
  /** `gateway.port`, `plugins.ships.config.interval`. */
  readonly key: string;
  /** As it was written; secrets are masked. Undefined: nothing sets it. */
  readonly value: unknown;
  /** `default`, `plugmesh.toml:3:1`, `.env:2 (NAME)`, `environment (NAME)`, a manifest's file and place, `enable` or `disable`. */
  readonly from: string;
}

/** What the mesh's settings are and where each value came from; those of plugins as far as something sets them. */
export function explainSettings(options: LoadOptions, problems: MeshError[] = []): ExplainedSetting[] {
  const { source, variables } = openSettings(options);
  // What a plugin is given by reference is shown as it was written: that may be a secret under any name.
  const layers = [
    ...fileLayer(source, variables, problems, isOfPlugin),
    ...variableLayer(variables, problems),
  ];
  const top = new Map<string, ExplainedSetting>();
  for (const [key, { initial }] of Object.entries(SETTINGS))
    top.set(key, { key, value: initial, from: initial === undefined ? 'not set' : 'default' });
  for (const given of layers) {
    for (const each of explained(given, (path) => source.positionOf(path)))
      top.set(spelledBefore(top, each.key), { ...each, key: spelledBefore(top, each.key) });
  }
  return [...top.values()].map((each) => ({
    ...each,
    value: masked(each.key, each.value, isSecret(each.key)),
  }));
}

function isOfPlugin([section, , name]: readonly string[]): boolean {
  return section === 'plugins' && name === 'config';
}

/** Of the mesh's own settings it is known; of a plugin's own, without a look at its manifest, the name has to do. */
function isSecret(key: string): boolean {
  return key.includes('.config.') ? SECRET.test(key) : key.endsWith('.api_key');
}

function explained(given: Given, positionOf: (path: readonly PropertyKey[]) => Position): ExplainedSetting[] {
  const { path, value } = given;
  if (!isOfPlugin(path) || path.length > 3 || typeof value !== 'object' || value === null)
    return [{ key: path.join('.'), value: typed(given), from: originOf(given) }];
  return Object.entries(value as Readonly<Record<string, unknown>>).map(([name, inner]) => ({
    key: [...path, name].join('.'),
    value: inner,
    from: formatPosition(positionOf([...path, name])),
  }));
}

/** A text of the environment as what it stands for: lists, numbers, flags. */
function typed({ path, value, isText }: Given): unknown {
  const found = findSetting(path);
  return isText && typeof value === 'string' && found.is === 'setting' ? found.kind.fromText(value) : value;
}

function originOf({ name, position, path }: Given): string {
  // What the file sets is called by its path, what a variable sets by the variable.
  if (name === path.join('.')) return position ? formatPosition(position) : 'not set';
  return position ? `${position.file}:${position.line} (${name})` : `environment (${name})`;
}

/** Variables are in capitals: `API_KEY` is the `apiKey` that the file has. */
function spelledBefore(top: ReadonlyMap<string, unknown>, key: string): string {
  return top.has(key) ? key : ([...top.keys()].find((known) => plain(known) === plain(key)) ?? key);
}

function plain(key: string): string {
  return key.startsWith('plugins.') ? variableOf(key).replaceAll(/(?<=[A-Z0-9])_(?=[A-Z0-9])/g, '') : key;
}
