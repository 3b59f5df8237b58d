import { relative } from 'node:path';
import type { Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { nearestName } from '../errors/nearest-name.ts';
import { loadMeshConfig } from '../processes/index.ts';
import { checkName, KINDS, LANGUAGES, writePlugin } from '../scaffold/index.ts';
import { ask, isAtTerminal } from './ask.ts';
import type { CommandLine } from './command-line.ts';

const NEEDED = "'new' needs a name and a language";
const LANGUAGE_IDS = LANGUAGES.map(({ id }) => id);
const KIND_IDS = KINDS.map(({ id }) => id);

/** `plugmesh new`: a folder with a plugin that runs. What is missing is asked for, where somebody can answer. */
export async function createPlugin({ operands, options }: CommandLine): Promise<number> {
  const config = loadMeshConfig(options.config);
  const [given, ...more] = operands;
  if (more.length > 0)
    throw new MeshError('MESH_USAGE', `'new' makes one plugin, not '${more.join(' ')}' too`);
  // What is given is checked before the first question.
  if (given !== undefined) checkName(config, given);
  if (options.lang !== undefined) checkChoice('language', LANGUAGE_IDS, options.lang);
  if (options.kind !== undefined) checkChoice('kind', KIND_IDS, options.kind);
  const plugin = {
    name: given ?? (await askName(config)),
    language: options.lang ?? (await askLanguage(given)),
    kind: options.kind ?? (await askKind()),
  };
  const { folder, files } = await writePlugin({ ...plugin, root: config.root });
  const shown = relative(process.cwd(), folder);
  const test = LANGUAGES.find(({ id }) => id === plugin.language)?.test.join(' ') ?? '';
  const url = `http://localhost:${config.gateway.port}/api/${plugin.name}/`;
  const made = { ...plugin, folder, files, test, url };
  process.stdout.write(options.json ? `${JSON.stringify(made, null, 2)}\n` : report(shown, made));
  return 0;
}

function report(
  shown: string,
  { files, test, url }: { files: readonly string[]; test: string; url: string },
): string {
  return [
    `✔ ${shown}: ${files.join(', ')}`,
    '',
    '  A mesh that runs starts it now; ./plugmesh ps shows how it is, ./plugmesh logs what it says.',
    `  test it   cd ${shown} && ${test}`,
    `  call it   curl ${url}`,
    '',
  ].join('\n');
}

async function askName(config: Config): Promise<string> {
  return askOrRefuse({ text: 'Name: ', check: (name) => checkName(config, name) });
}

async function askLanguage(name = 'NAME'): Promise<string> {
  const check = (id: string): void => checkChoice('language', LANGUAGE_IDS, id);
  return askOrRefuse({ text: `Language (${LANGUAGE_IDS.join(', ')}): `, check }, name);
}

/** Nobody has to say it. */
async function askKind(): Promise<string> {
  const [first = ''] = KIND_IDS;
  if (!isAtTerminal()) return first;
  const kinds = KINDS.map(({ id, summary }) => `  ${id.padEnd(11)} ${summary}\n`).join('');
  const check = (id: string): void => checkChoice('kind', KIND_IDS, id);
  return ask({ text: `${kinds}Kind (${first}): `, otherwise: first, check });
}

async function askOrRefuse(question: Parameters<typeof ask>[0], name = 'NAME'): Promise<string> {
  if (isAtTerminal()) return ask(question);
  throw new MeshError('MESH_USAGE', NEEDED, {
    fix: `./plugmesh new ${name} --lang ${LANGUAGE_IDS.join('|')} [--kind ${KIND_IDS.join('|')}]`,
  });
}

function checkChoice(what: string, ids: readonly string[], id: string): void {
  if (ids.includes(id)) return;
  const near = nearestName(id, ids);
  throw new MeshError('MESH_USAGE', `'${id}' is no ${what} that 'new' knows: ${ids.join(', ')}`, {
    ...(near === undefined ? {} : { fix: `did you mean '${near}'?` }),
  });
}
