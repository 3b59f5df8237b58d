import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';

/** What a source file reaches for, as far as the boundaries speak of it. */
export interface SourceFacts {
  /** Path from the root of the repository, with `/`. */
  readonly file: string;
  /** What it imports: a file's path, a package's name, or `node:…`. */
  readonly imports: readonly string[];
  readonly readsEnvironment: boolean;
  /** Handles signals or uncaught errors, or ends the process. */
  readonly endsProcess: boolean;
  /** Compares in constant time by itself. */
  readonly comparesSecrets: boolean;
}

/** The facts of one file. */
export function sourceFacts(file: string, text: string): SourceFacts {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const processMembers = membersOfProcess(source);
  return {
    file,
    imports: importedFiles.map(({ fileName }) => resolveImport(file, fileName)),
    readsEnvironment: processMembers.some((member) => member === 'env'),
    endsProcess: processMembers.some((member) => /^(exit|(on|once):(SIG|uncaught|unhandled))/.test(member)),
    comparesSecrets: names(source).has('timingSafeEqual'),
  };
}

/** The facts of every source file below these folders; tests and packages are none. */
export function readSources(root: string, folders: readonly string[]): SourceFacts[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
      .filter((file) => /\.[jt]s$/.test(file) && !/(^|\/)(test|node_modules)\//.test(file))
      .map((file) => sourceFacts(file, readFileSync(join(root, file), 'utf8'))),
  );
}

/** `@plugmesh/shared/log` and a relative path to the same module become the same path. */
function resolveImport(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(dirname(from), specifier);
  const [scope = '', workspace = '', ...rest] = specifier.split('/');
  if (scope !== '@plugmesh') {
    return scope.startsWith('@') ? `${scope}/${workspace}` : scope;
  }
  if (workspace === 'sdk') return posix.join('shared/src/sdk', ...rest, 'index.ts');
  if (workspace === 'shared') return posix.join('shared/src', ...rest, 'index.ts');
  const folder = workspace === 'gateway' || workspace === 'channel' ? workspace : `services/${workspace}`;
  return posix.join(folder, ...rest);
}

/** Every name that stands in the code; comments and texts are none. */
function names(source: ts.SourceFile): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) found.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `env`, `exit`, `on:SIGTERM`: what is used of the global `process`, with an event's name where one is given. */
function membersOfProcess(source: ts.SourceFile): string[] {
  const members: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && node.expression.getText(source) === 'process') {
      const [argument] = ts.isCallExpression(node.parent) ? node.parent.arguments : [];
      const event = argument && ts.isStringLiteral(argument) ? `:${argument.text}` : '';
      members.push(node.name.text + event);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return members;
}
