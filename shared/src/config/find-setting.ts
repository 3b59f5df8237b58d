import { nearestName } from '../errors/index.ts';
import type { Kind } from './kinds.ts';
import { PLUGIN_SETTINGS, SETTINGS } from './settings.ts';

const KEYS = Object.keys(SETTINGS);
const PLUGIN_KEYS = Object.keys(PLUGIN_SETTINGS);

/** What a path in the file is: a setting of some kind, a section that holds settings, or nothing that exists. */
export type Found =
  { readonly is: 'setting'; readonly kind: Kind<unknown> } | { readonly is: 'section' | 'unknown' };

/** Looks a path up, `['gateway', 'port']` or `['plugins', 'ships', 'guard']`. */
export function findSetting(path: readonly string[]): Found {
  const [table, keys, key] = place(path);
  if (path.some((part) => part.includes('.'))) return { is: 'unknown' };
  const setting = Object.hasOwn(table, key) ? table[key] : undefined;
  if (setting) return { is: 'setting', kind: setting.kind };
  const isSection = key === '' || keys.some((known) => known.startsWith(`${key}.`));
  return { is: isSection || path.join() === 'plugins' ? 'section' : 'unknown' };
}

/** One line that says which setting was meant by an unknown path. */
export function suggestSetting(path: readonly string[]): string {
  const [, keys, key] = place(path);
  const prefix = path[0] === 'plugins' ? `${path.slice(0, 2).join('.')}.` : '';
  const near = nearestName(key, keys) ?? sameEnd(key, keys) ?? nearestName(key, sectionsOf(keys));
  if (near !== undefined) return `did you mean '${prefix}${near}'?`;
  const section = path.slice(0, -1).join('.');
  const siblings = keys.filter((known) => `${prefix}${known}`.startsWith(`${section}.`));
  if (section === '' || siblings.length === 0) return 'sections: core, gateway, channel, mesh, plugins.<id>';
  return `known here: ${siblings.map((known) => `${prefix}${known}`.slice(section.length + 1)).join(', ')}`;
}

/** The path that a variable like `PLUGMESH__PLUGINS__HELLO_PYTHON__GUARD` sets; `undefined` when there is none. */
export function pathOfVariable(name: string): string[] | undefined {
  const [, ...parts] = name.split('__');
  if (parts[0] !== 'PLUGINS') return KEYS.find((key) => variableOf(key) === name)?.split('.');
  const [, id = '', ...rest] = parts;
  const prefix = ['plugins', id.toLowerCase().replaceAll('_', '-')];
  if (rest[0] === 'CONFIG' && rest.length > 1)
    return [...prefix, 'config', ...rest.slice(1).map((part) => part.toLowerCase())];
  const key = PLUGIN_KEYS.find(
    (known) => known !== 'config' && variableOf(known) === `PLUGMESH__${rest.join('__')}`,
  );
  return key === undefined ? undefined : [...prefix, ...key.split('.')];
}

/** The variable that was meant by an unknown one. */
export function suggestVariable(name: string): string {
  const near = nearestName(name, KEYS.map(variableOf));
  return near === undefined
    ? 'the settings are listed in docs/reference/configuration.md'
    : `did you mean '${near}'?`;
}

/** The environment's name of a setting: `gateway.port` → `PLUGMESH__GATEWAY__PORT`. */
export function variableOf(key: string): string {
  return ['PLUGMESH', ...key.split('.')].map((part) => part.toUpperCase().replaceAll('-', '_')).join('__');
}

type Table = Readonly<Record<string, { readonly kind: Kind<unknown> } | undefined>>;

function place(path: readonly string[]): [Table, readonly string[], string] {
  // The kinds differ by setting; a look-up by name can only promise some kind.
  if (path[0] === 'plugins') return [PLUGIN_SETTINGS, PLUGIN_KEYS, path.slice(2).join('.')];
  return [SETTINGS, KEYS, path.join('.')];
}

function sameEnd(key: string, keys: readonly string[]): string | undefined {
  const near = nearestName(lastOf(key), keys.map(lastOf));
  return near === undefined ? undefined : keys.find((known) => lastOf(known) === near);
}

function lastOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}

function sectionsOf(keys: readonly string[]): string[] {
  return keys.filter((key) => key.includes('.')).map((key) => key.slice(0, key.lastIndexOf('.')));
}
