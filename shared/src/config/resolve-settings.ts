import { MeshError } from '../errors/index.ts';
import { describeIssue, nameOfPath, valueAt } from '../manifest/index.ts';
import { masked } from './masked.ts';
import { findSetting } from './find-setting.ts';
import type { Kind } from './kinds.ts';
import type { Given } from './setting-layers.ts';
import { PLUGIN_SETTINGS, SETTINGS, type PluginSettingValues, type SettingValues } from './settings.ts';

/** Every setting with its value. */
export interface Resolved {
  readonly values: SettingValues;
  readonly plugins: Readonly<Record<string, PluginSettingValues>>;
}

type Plain = Record<string, unknown>;

/** Settings whose values are or may hold a password: problems do not show them. */
const HIDDEN = /^core\.redis_url$|\.api_key$/;

/** Puts layers over one another, the later ones on top, and checks what comes out. Problems are added to the list. */
export function resolveSettings(layers: readonly Given[], problems: MeshError[]): Resolved {
  const values: Plain = mapValues(SETTINGS, ({ kind, initial }) => initialValue(kind, initial));
  const plugins = new Map<string, Plain>();
  for (const given of layersToTop(layers)) {
    const [section, id = '', ...rest] = given.path;
    const value = check(given, problems);
    // Wrong, which has been said: what it would have replaced stays.
    if (value === undefined) continue;
    if (section === 'plugins') pluginValues(plugins, id)[rest.join('.')] = value;
    else values[given.path.join('.')] = value;
  }
  // Each value has just been checked by the schema of its own row, which is what these types are made of.
  return { values, plugins: Object.fromEntries(plugins) } as unknown as Resolved;
}

function initialValue(kind: Kind<unknown>, initial: unknown): unknown {
  return initial === undefined ? undefined : kind.schema.parse(initial);
}

function pluginValues(plugins: Map<string, Plain>, id: string): Plain {
  const values = plugins.get(id) ?? mapValues(PLUGIN_SETTINGS, () => undefined);
  plugins.set(id, values);
  return values;
}

function mapValues<T>(table: Readonly<Record<string, T>>, valueOf: (row: T) => unknown): Plain {
  return Object.fromEntries(Object.entries(table).map(([key, row]) => [key, valueOf(row)]));
}

function layersToTop(layers: readonly Given[]): Iterable<Given> {
  const top = new Map<string, Given>();
  for (const given of layers) {
    const [, , own, ...inside] = given.path;
    const isInside = given.path[0] === 'plugins' && own === 'config' && inside.length > 0;
    const path = isInside ? given.path.slice(0, 3) : given.path;
    const key = path.join('.');
    top.set(key, isInside ? within(top.get(key), { ...given, path }, inside) : given);
  }
  return top.values();
}

/** A variable sets one value inside a plugin's `config`: the other ones stay. */
function within(below: Given | undefined, given: Given, inside: readonly string[]): Given {
  return { ...given, isText: false, value: setInside(below?.value, inside, given.value) };
}

function setInside(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const object = typeof target === 'object' && target !== null ? (target as Plain) : {};
  const name = Object.keys(object).find((known) => isSameName(known, key)) ?? key;
  return { ...object, [name]: setInside(object[name], rest, value) };
}

/** Variables are in capitals, so `API_KEY` may be `api_key`, `api-key` or `apiKey`. */
function isSameName(a: string, b: string): boolean {
  const plain = (name: string): string => name.replaceAll(/[-_]/g, '').toLowerCase();
  return plain(a) === plain(b);
}

function check(given: Given, problems: MeshError[]): unknown {
  const found = findSetting(given.path);
  if (found.is !== 'setting') return undefined;
  const input =
    given.isText && typeof given.value === 'string' ? found.kind.fromText(given.value) : given.value;
  const parsed = found.kind.schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const isHidden = HIDDEN.test(given.path.join('.'));
  for (const issue of parsed.error.issues) {
    const name = nameOfPath([given.name, ...issue.path]);
    const { message, fix } = describeIssue(
      issue,
      name,
      isHidden ? '(hidden)' : masked(name, valueAt(input, issue.path)),
    );
    const options = {
      ...(given.position && { position: given.position }),
      ...(fix === undefined ? {} : { fix }),
    };
    problems.push(new MeshError('MESH_CONFIG_INVALID', message, options));
  }
  return undefined;
}
