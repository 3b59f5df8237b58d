import type { Config } from '../../config/index.ts';
import type { CommandLine } from '../command-line.ts';
import { print } from '../report.ts';
import { type Finding, wrong } from './finding.ts';
import { checkHost, checkProgram } from './machine.ts';
import { checkRedis } from './redis.ts';
import { checkRunning } from './running.ts';
import { checkConfiguration, checkPlugins } from './settings.ts';

const MARKS: Readonly<Record<Finding['level'], string>> = { ok: '✔', warning: '!', error: '✖' };

/** What is looked at once the configuration can be read, in this order. */
const CHECKS: readonly ((config: Config, file: string | undefined) => Finding[] | Promise<Finding[]>)[] = [
  checkHost,
  checkRedis,
  checkPlugins,
  checkRunning,
];

/** `plugmesh doctor`: what is wrong with this machine, the files and the mesh, and what to do. Changes nothing. */
export async function doctor({ options }: CommandLine): Promise<number> {
  const { config, findings } = checkConfiguration(options.config);
  const all = [...checkProgram(), ...findings];
  for (const check of config ? CHECKS : [])
    all.push(...(await look(check, config as Config, options.config)));
  print(options, all, all.map(line).join('\n'));
  return all.some(({ level }) => level === 'error') ? 1 : 0;
}

/** A check that fails itself keeps no other from being made. */
async function look(
  check: (typeof CHECKS)[number],
  config: Config,
  file: string | undefined,
): Promise<Finding[]> {
  try {
    return await check(config, file);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return [wrong(check.name, text, 'this could not be looked at')];
  }
}

function line({ level, check, text, fix }: Finding): string {
  return `${MARKS[level]} ${check}: ${text}${fix === undefined ? '' : `\n    ${fix}`}`;
}
