import { relative } from 'node:path';
import type { Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { nearestName } from '../errors/nearest-name.ts';
import { loadMeshConfig } from '../processes/index.ts';
import { checkName, KINDS, kindsOf, LANGUAGES, writePlugin, type WrittenPlugin } from '../scaffold/index.ts';
import { ask, isAtTerminal } from './ask.ts';
import type { CommandLine } from './command-line.ts';

const NEEDED = "'new' needs a name and a language";
const LANGUAGE_IDS = LANGUAGES.map(({ id }) => id);
const KIND_IDS = KINDS.map(({ id }) => id);

/** `plugmesh new`: a folder with a plugin that runs. What is missing is asked for, where somebody can answer. */
export async function createPlugin(line: CommandLine): Promise<number> {
  const config = loadMeshConfig(line.options.config);
  const plugin = await choose(line, config);
  const { folder, files } = await writePlugin({ ...plugin, root: config.root });
  const made = {
    ...plugin,
    folder,
    files,
    test: LANGUAGES.find(({ id }) => id === plugin.language)?.test.join(' ') ?? '',
    url: `http://localhost:${config.gateway.port}${pathOf(plugin)}`,
  };
  process.stdout.write(line.options.json ? `${JSON.stringify(made, null, 2)}\n` : report(made));
  return 0;
}

/** What is given is checked before the first question. */
async function choose({ operands, options }: CommandLine, config: Config) {
  const [name] = operands;
  const { lang, kind } = options;
  if (name !== undefined) checkName(config, name);
  if (lang !== undefined) checkChoice('language', LANGUAGE_IDS, lang);
  if (kind !== undefined) checkChoice('kind', KIND_IDS, kind);
  if (lang !== undefined && kind !== undefined) checkPair(lang, kind);
  const chosen = { name: name ?? (await askName(config)), language: lang ?? (await askLanguage(name, kind)) };
  return { ...chosen, kind: kind ?? (await askKind(chosen.language)) };
}

interface Made extends WrittenPlugin {
  readonly test: string;
  readonly url: string;
}

function report({ folder, files, test, url }: Made): string {
  const shown = relative(process.cwd(), folder);
  return [
    `✔ ${shown}: ${files.join(', ')}`,
    '',
    '  A mesh that runs starts it now; ./plugmesh ps shows how it is, ./plugmesh logs what it says.',
    `  call it   curl ${url}`,
    `  check it  ./plugmesh check ${shown}`,
    `  test it   cd ${shown} && ${test}`,
    '',
  ].join('\n');
}

/** Not every kind answers at its own address. */
function pathOf({ name, kind }: { readonly name: string; readonly kind: string }): string {
  return KINDS.find(({ id }) => id === kind)?.seenAt ?? `/api/${name}/`;
}

async function askName(config: Config): Promise<string> {
  return askOrRefuse({ text: 'Name: ', check: (name) => checkName(config, name) });
}

async function askLanguage(name = 'NAME', kind?: string): Promise<string> {
  const check = (id: string): void => {
    checkChoice('language', LANGUAGE_IDS, id);
    if (kind !== undefined) checkPair(id, kind);
  };
  return askOrRefuse({ text: `Language (${LANGUAGE_IDS.join(', ')}): `, check }, name);
}

/** Nobody has to say it. */
async function askKind(language: string): Promise<string> {
  const [first = ''] = KIND_IDS;
  if (!isAtTerminal()) return first;
  const kinds = kindsOf(language)
    .map(({ id, summary }) => `  ${id.padEnd(11)} ${summary}\n`)
    .join('');
  const check = (id: string): void => {
    checkChoice('kind', KIND_IDS, id);
    checkPair(language, id);
  };
  return ask({ text: `${kinds}Kind (${first}): `, otherwise: first, check });
}

async function askOrRefuse(question: Parameters<typeof ask>[0], name = 'NAME'): Promise<string> {
  if (isAtTerminal()) return ask(question);
  throw new MeshError('MESH_USAGE', NEEDED, {
    fix: `./plugmesh new ${name} --lang ${LANGUAGE_IDS.join('|')} [--kind ${KIND_IDS.join('|')}]`,
  });
}

/** Not every kind has templates in every language. */
function checkPair(language: string, kind: string): void {
  const { languages = [language] } = KINDS.find(({ id }) => id === kind) ?? {};
  if (languages.includes(language)) return;
  throw new MeshError(
    'MESH_USAGE',
    `the kind '${kind}' is there in ${languages.join(', ')}, and not in ${language}`,
    { fix: `take one of those, or begin with another kind in ${language}: docs/reference/callouts.md` },
  );
}

function checkChoice(what: string, ids: readonly string[], id: string): void {
  if (ids.includes(id)) return;
  const near = nearestName(id, ids);
  throw new MeshError('MESH_USAGE', `'${id}' is no ${what} that 'new' knows: ${ids.join(', ')}`, {
    ...(near === undefined ? {} : { fix: `did you mean '${near}'?` }),
  });
}
