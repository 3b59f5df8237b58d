import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { parseSecrets, referencesIn, variableOf, type WrittenConfig } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { loadSecrets, pluginToken, redisPassword, secretTexts, type Secrets } from '../identity/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { MESH_USER, passwordHash, pluginUser } from '../redis-users/index.ts';
import { REDIS_HASH, REDIS_PASSWORD, SECRET } from './core-services.ts';
import { redisPasswordVariable, tokenVariable } from './plugin-service.ts';

/** What dotenv and compose both read as it stands. */
const PLAIN = /^[\w+/=.,-]+$/;

/**
 * The variables that the compose file refers to: the secret of `.env`, else the one in use here, and what follows from it: the
 * plugins' tokens, and passwords for Redis.
 */
export function composeVariables(
  { config, variables }: WrittenConfig,
  plugins: readonly Manifest[],
  envFile: string,
): Record<string, string> {
  const inFile = parse(envFile)[SECRET] ?? variables.get(SECRET)?.text;
  const stateDir = resolve(config.root, variables.get(variableOf('core.state_dir'))?.text ?? config.stateDir);
  const own = { secrets: parseSecrets(inFile), stateDir };
  const secrets = loadSecrets(own);
  const secret = secretTexts(own).join(',');
  if (!PLAIN.test(secret))
    throw new MeshError(
      'MESH_CONFIG_INVALID',
      `'${SECRET}' has characters that mean something in a .env file`,
      {
        fix: 'take letters, digits and + / = . _ - only, for instance from: openssl rand -base64 32',
      },
    );
  const password = redisPassword(secrets, MESH_USER);
  return {
    [SECRET]: secret,
    [REDIS_PASSWORD]: password,
    [REDIS_HASH]: passwordHash(password),
    ...Object.fromEntries(plugins.flatMap(({ name }) => pluginVariables(secrets, name))),
  };
}

function pluginVariables(secrets: Secrets, id: string): [name: string, value: string][] {
  return [
    [tokenVariable(id), pluginToken(secrets, id)],
    [redisPasswordVariable(id), redisPassword(secrets, pluginUser(id))],
  ];
}

/** Those of these variables that a `.env` does not set so. */
export function changedVariables(
  text: string,
  variables: Readonly<Record<string, string>>,
): Record<string, string> {
  const present = parse(text);
  return Object.fromEntries(Object.entries(variables).filter(([name, value]) => present[name] !== value));
}

/** The text of a `.env` with these variables set; lines that say something else stay as they are. */
export function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  const changed = Object.entries(changedVariables(text, variables));
  if (changed.length === 0) return text;
  const kept = text.split('\n').filter((line) => !changed.some(([name]) => isSetting(line, name)));
  const before = kept.join('\n').replace(/\n*$/, '\n').replace(/^\n$/, '');
  return `${before}${changed.map(([name, value]) => `${name}=${value}\n`).join('')}`;
}

/** What is wrong with variables that plugmesh.toml refers to and a person has to set. */
export function variableProblems({ config, references, variables }: WrittenConfig): MeshError[] {
  const unset = references.filter((name) => !variables.has(name));
  const inSettings = referencesIn(Object.values(config.pluginSettings).map((settings) => settings.config));
  return [
    ...unset.map((name) =>
      problem('MESH_CONFIG_UNSET_VARIABLE', `'\${${name}}' is not set`, `set ${name} in .env`),
    ),
    ...inSettings
      .filter((name) => !survivesJson(variables.get(name)?.text ?? ''))
      .map((name) =>
        problem(
          'MESH_CONFIG_INVALID',
          `'${name}' has a quote, a backslash or a line break`,
          'leave those out: compose puts it into JSON as it is',
        ),
      ),
  ];
}

function problem(
  code: 'MESH_CONFIG_UNSET_VARIABLE' | 'MESH_CONFIG_INVALID',
  message: string,
  fix: string,
): MeshError {
  return new MeshError(code, message, { fix });
}

function survivesJson(text: string): boolean {
  return JSON.stringify(text) === `"${text}"`;
}

function isSetting(line: string, name: string): boolean {
  return new RegExp(`^\\s*(export\\s+)?${name}\\s*[=:]`).test(line);
}
