import { isBuiltin } from 'node:module';
import { portHolder } from '@plugmesh/shared/processes';

/** What a line of a log tells of why a process has ended. */
export interface Diagnosis {
  /** Goes on after “its process ended by itself: ”. */
  readonly what: string;
  readonly fix: string;
}

interface KnownFailure {
  readonly pattern: RegExp;
  /** Takes the groups of the pattern; undefined when they turn out to be something else. */
  readonly explain: (groups: readonly string[]) => Diagnosis | undefined;
}

/** What languages and systems write when they cannot go on. The last line of a log that one of them knows counts. */
const KNOWN_FAILURES: readonly KnownFailure[] = [
  // Node: `Cannot find package 'left-pad' imported from …` (ESM), `Cannot find module 'left-pad'` (CommonJS).
  { pattern: /Cannot find (?:package|module) '([^']+)'/, explain: ([name = '']) => nodeModule(name) },
  {
    pattern: /does not provide an export named '([^']+)'/,
    explain: ([name = '']) => ({
      what: `an import names '${name}', which that module does not export`,
      fix: 'correct the import, or install the version of the package that has it',
    }),
  },
  {
    pattern: /(?:ModuleNotFoundError: )?No module named '?([\w.]+)'?/,
    explain: ([name = '']) => pythonModule(name.split('.')[0] ?? name),
  },
  {
    pattern: /ImportError: cannot import name '([^']+)' from '([^']+)'/,
    explain: ([name = '', module = '']) => ({
      what: `'${module}' has no '${name}'`,
      fix: `correct the import, or name the version of ${module} that has it in requirements.txt`,
    }),
  },
  {
    pattern: /No matching distribution found for ([\w.-]+)/,
    explain: ([name = '']) => ({
      what: `pip finds no '${name}' of that name and version`,
      fix: 'correct its name or version in requirements.txt',
    }),
  },
  {
    pattern: /'((?:@[\w.-]+\/)?[\w.-]+)@[^']*' is not in (?:this|the npm) registry/,
    explain: ([name = '']) => ({
      what: `npm finds no package '${name}'`,
      fix: 'correct its name or version in package.json',
    }),
  },
  {
    pattern: /no required module provides package ([\w./-]+)/,
    explain: ([name = '']) => ({ what: `the Go package '${name}' is missing`, fix: `run: go get ${name}` }),
  },
  {
    pattern: /package ([\w./-]+) is not in std/,
    explain: ([name = '']) => ({
      what: `the Go package '${name}' is missing`,
      fix: `correct its name, or run: go get ${name}`,
    }),
  },
  {
    pattern: /go\.mod file not found/,
    explain: () => ({ what: 'there is no go.mod', fix: 'run: go mod init <name>' }),
  },
  {
    pattern: /(?:unresolved import|can't find crate for|unlinked crate) `(\w+)/,
    explain: ([name = '']) => ({ what: `the crate '${name}' is missing`, fix: `run: cargo add ${name}` }),
  },
  {
    pattern: /could not find `Cargo\.toml`/,
    explain: () => ({ what: 'there is no Cargo.toml', fix: 'run: cargo init' }),
  },
  {
    pattern: /^(?:\/bin\/)?(?:ba|da|z)?sh: (?:line )?(?:\d+: )?([^\s:]+): (?:command )?not found/,
    explain: ([name = '']) => missingProgram(name),
  },
  { pattern: /spawn (\S+) ENOENT/, explain: ([name = '']) => missingProgram(name) },
  {
    pattern: /EADDRINUSE\b.*?:(\d+)$|(?:Address|address) already in use.*?(?::|port )(\d+)/,
    explain: ([node = '', other = '']) => takenPort(Number(node || other)),
  },
  {
    pattern: /listen tcp \S*:(\d+): bind: address already in use/,
    explain: ([port = '']) => takenPort(Number(port)),
  },
  {
    pattern: /[Aa]ddress (?:already )?in use/,
    explain: () => ({ what: 'a port that it wants is held by another process', fix: USE_PORT }),
  },
  {
    pattern: /listen EACCES\b.*?:(\d+)/,
    explain: ([port = '']) => ({ what: `it may not listen on port ${port}`, fix: USE_PORT }),
  },
  {
    pattern: /(?:EACCES|Permission denied|PermissionError)\b.*?'([^']+)'/,
    explain: ([path = '']) => ({
      what: `it may not use '${path}'`,
      fix: "give the mesh's user the right to it",
    }),
  },
  {
    pattern: /ENOENT: no such file or directory, \w+ '([^']+)'|No such file or directory: '([^']+)'/,
    explain: ([node = '', python = '']) => ({
      what: `there is no '${node || python}'`,
      fix: "make it, or name another; paths are relative to the plugin's folder",
    }),
  },
];

const PACKAGE_NAME = /^(?:@[\w.-]+\/)?[\w.-]+$/;
const USE_PORT = 'use the PORT it is given';

/** The last line that is about the syntax of a source file is below the one that says where. */
const SYNTAX_ERROR = /^\s*(?:\w*SyntaxError|IndentationError|TabError)\b:? ?(.*)/;
const SOURCE_PLACE = /^\s*File "([^"]+)", line (\d+)|^(?:file:\/\/)?(\/\S+?\.[cm]?[jt]sx?):(\d+)/;

/** Says what the last lines of a log mean, if that is known. */
export function diagnose(lines: readonly string[]): Diagnosis | undefined {
  for (const [index, line] of [...lines.entries()].reverse()) {
    const found = syntaxError(lines.slice(0, index + 1)) ?? knownFailure(line);
    if (found) return found;
  }
  return undefined;
}

function knownFailure(line: string): Diagnosis | undefined {
  for (const { pattern, explain } of KNOWN_FAILURES) {
    const groups = pattern.exec(line);
    const found = groups && explain(groups.slice(1));
    if (found) return found;
  }
  return undefined;
}

function syntaxError(lines: readonly string[]): Diagnosis | undefined {
  const message = SYNTAX_ERROR.exec(lines.at(-1) ?? '')?.[1];
  const place = lines.map((line) => SOURCE_PLACE.exec(line)).findLast((each) => each !== null);
  // A named export that is missing is a SyntaxError, too, and has a better word.
  if (message === undefined || !place || knownFailure(message)) return undefined;
  const [, python, pythonLine, script, scriptLine] = place;
  const where = `${python ?? script ?? ''}:${pythonLine ?? scriptLine ?? ''}`;
  return { what: `a source file cannot be read: ${where}: ${message}`, fix: `correct ${where}` };
}

function nodeModule(name: string): Diagnosis | undefined {
  if (isBuiltin(name)) return undefined;
  if (/^[./]/.test(name))
    return { what: `there is no module '${name}'`, fix: 'correct the path in the import, or make the file' };
  const packageName = name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
  // A log may say anything: what is copied into a shell must be a name.
  if (!PACKAGE_NAME.test(packageName)) return undefined;
  return {
    what: `the package '${packageName}' is missing`,
    fix: `install it: npm install ${packageName}, or name it in package.json and "npm install" under 'setup'`,
  };
}

function pythonModule(name: string): Diagnosis {
  return {
    what: `the module '${name}' is missing`,
    fix: `install it: pip install ${name}, or name it in requirements.txt and install that under 'setup'`,
  };
}

function missingProgram(name: string): Diagnosis {
  return {
    what: `the program '${name}' is missing`,
    fix: `install it, or correct its name; it is looked for on PATH`,
  };
}

function takenPort(port: number): Diagnosis {
  const holder = portHolder(port);
  const who = holder ? `process ${holder.pid} (${holder.command})` : 'another process';
  return { what: `port ${port} is held by ${who}`, fix: `${USE_PORT}, or stop ${who}` };
}
