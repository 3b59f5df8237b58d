/** What a program's last words say about it, and what to do then. `$1` is what the pattern has found. */
const HINTS: readonly (readonly [said: RegExp, fix: string])[] = [
  [
    /Cannot find (?:module|package) '([^'./][^']*)'/,
    "npm install $1 in the plugin's folder, and put the command into the manifest's 'setup'",
  ],
  [/Cannot find module '([^']+)'/, "there is no '$1': correct the file's name, or 'run' in plugin.json"],
  [
    /ModuleNotFoundError: No module named '([^']+)'/,
    "install '$1' in 'setup', into a virtual environment whose python 'run' names",
  ],
  [/can't open file '([^']+)'/, "there is no '$1': correct the file's name, or 'run' in plugin.json"],
  [/cannot find package "([^"]+)"|no required module provides package (\S+);/, 'go get $1$2'],
  [
    /EADDRINUSE|[Aa]ddress already in use/,
    'listen on the PORT it is given: another program has the one it takes',
  ],
  [/KeyError: '(\w+)'/, "'$1' is not in its environment: what it is given is in docs/guides/first-plugin.md"],
  [/(?:SyntaxError|IndentationError)/, 'correct the syntax: the line is above, in what it has written'],
  [/EACCES|Permission denied/, 'make the program executable, and let it write into PLUGMESH_STATE only'],
];

/** What a plugin's output suggests; undefined when it means nothing to us. */
export function hintFrom(text: string): string | undefined {
  for (const [said, fix] of HINTS) {
    const found = said.exec(text);
    if (found) return fix.replace(/\$(\d)/g, (_, group: string) => found[Number(group)] ?? '');
  }
  return undefined;
}
