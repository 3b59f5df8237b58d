import { type ExplainedSetting, explainSettings, loadConfig } from '../config/index.ts';
import { MeshError, nearestName } from '../errors/index.ts';
import { findManifests } from '../manifest/index.ts';
import { meshConfigFile } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';
import { explainPlugin } from './explain-plugin.ts';
import { print, sayProblems } from './report.ts';
import { table } from './table.ts';

const LONGEST_VALUE = 60;

/** `plugmesh config explain`: each value, and where it came from. */
export function config({ operands, options }: CommandLine): Promise<number> {
  const [action, name] = operands;
  if (action !== 'explain')
    throw new MeshError('MESH_USAGE', "'config' has 'explain', with a plugin, a section or a setting", {
      fix: './plugmesh config explain gateway.port',
    });
  const problems: MeshError[] = [];
  const file = meshConfigFile(options.config);
  const settings = loadConfig({ ...file, onProblems: (found) => problems.push(...found) });
  const given = explainSettings(file);
  const manifests = findManifests(settings);
  const ids = [...new Set([...manifests.map(({ id }) => id), ...Object.keys(settings.pluginSettings)])];
  const rows = [
    ...given.filter(({ key }) => !key.startsWith('plugins.')),
    ...ids.flatMap((id) =>
      explainPlugin(
        settings,
        manifests.find((each) => each.id === id),
        id,
        given,
      ),
    ),
  ];
  const chosen = name === undefined ? rows : choose(rows, ids, name);
  sayProblems(problems, options.json);
  print(options, chosen, explanation(chosen));
  return Promise.resolve(problems.length === 0 ? 0 : 1);
}

/** A plugin by its id, a section or a setting by its path; without `plugins.` it may be a plugin's, too. */
function choose(rows: readonly ExplainedSetting[], ids: readonly string[], name: string): ExplainedSetting[] {
  const found = [name, `plugins.${name}`].map((path) =>
    rows.filter(({ key }) => key === path || key.startsWith(`${path}.`)),
  );
  const chosen = found.find((each) => each.length > 0);
  if (chosen) return chosen;
  const sections = rows.map(({ key }) => key.slice(0, key.lastIndexOf('.')));
  const near = nearestName(name, [...rows.map(({ key }) => key), ...sections, ...ids]);
  throw new MeshError('MESH_USAGE', `'${name}' is no plugin, section or setting`, {
    fix:
      near === undefined
        ? `plugins: ${ids.join(', ')}; sections: core, gateway, channel, mesh`
        : `did you mean '${near}'?`,
  });
}

function explanation(rows: readonly ExplainedSetting[]): string {
  return table([
    ['SETTING', 'VALUE', 'FROM'],
    ...rows.map(({ key, value, from }) => [
      key,
      value === undefined ? '-' : short(JSON.stringify(value)),
      from,
    ]),
  ]);
}

function short(text: string): string {
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}
