import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  changedVariables,
  composeVariables,
  containerPlugins,
  variableProblems,
  withVariables,
} from '../compose/index.ts';
import { loadWrittenConfig } from '../config/index.ts';
import { findManifests } from '../manifest/index.ts';
import { meshConfigFile } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';
import { print, sayProblems } from './report.ts';

/** `plugmesh init`: writes the secret and the plugins' tokens into `.env`, where compose looks for them. */
export function init({ options }: CommandLine): Promise<number> {
  const written = loadWrittenConfig(meshConfigFile(options.config));
  const file = envFile(written.config.root);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const { plugins } = containerPlugins(written.config, findManifests(written.config));
  const variables = composeVariables(written, plugins, before);
  const changed = Object.keys(changedVariables(before, variables));
  replace(file, withVariables(before, variables));
  const said = changed.length === 0 ? 'has all that containers need' : `now sets ${changed.join(', ')}`;
  const shown = relative(process.cwd(), file);
  print(options, { file: shown, changed }, `${shown} ${said}`);
  const problems = variableProblems(written);
  sayProblems(problems, options.json);
  return Promise.resolve(problems.length === 0 ? 0 : 1);
}

/** A link stays one: what it points to is replaced. */
function envFile(root: string): string {
  const file = join(root, '.env');
  return existsSync(file) ? realpathSync(file) : file;
}

/** Whole or not at all, and readable for nobody else, also when it was before. */
function replace(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
  renameSync(temporary, file);
}
