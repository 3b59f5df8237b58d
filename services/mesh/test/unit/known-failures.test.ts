import assert from 'node:assert/strict';
import { exitFailure, withoutRepeats } from '../../src/exit-failure.ts';
import { diagnose } from '../../src/known-failures.ts';

/** What a language writes → what it means, and what to do. */
const CASES: readonly [said: string, what: RegExp, fix: RegExp][] = [
  [
    "Error [ERR_MODULE_NOT_FOUND]: Cannot find package '@a/b' imported from /x/main.mjs",
    /'@a\/b'/,
    /npm install @a\/b,/,
  ],
  [
    "Error: Cannot find module 'express/lib'\nRequire stack:\n- /x/main.cjs",
    /'express'/,
    /npm install express,/,
  ],
  ["Error: Cannot find module './lib.js'", /no module '\.\/lib\.js'/, /correct the path/],
  ["ModuleNotFoundError: No module named 'flask.views'", /'flask'/, /pip install flask,/],
  ['/usr/bin/python3: No module named uvicorn', /'uvicorn'/, /pip install uvicorn,/],
  [
    "ImportError: cannot import name 'Quart' from 'flask' (/x)",
    /'flask' has no 'Quart'/,
    /correct the import/,
  ],
  [
    'main.go:5:2: no required module provides package github.com/a/b; to add it:',
    /github\.com\/a\/b/,
    /go get github\.com\/a\/b$/,
  ],
  ['ERROR: No matching distribution found for flsk==3', /'flsk'/, /requirements\.txt$/],
  ["npm error 404  'exprss@^4.0.0' is not in this registry.", /'exprss'/, /package\.json$/],
  ['go: go.mod file not found in current directory', /no go\.mod/, /go mod init/],
  ['error[E0432]: unresolved import `axum`', /'axum'/, /cargo add axum$/],
  ["error[E0463]: can't find crate for `serde_json`", /'serde_json'/, /cargo add serde_json$/],
  ['sh: 1: caddy: not found', /'caddy'/, /install it/],
  ['bash: line 1: caddy: command not found', /'caddy'/, /install it/],
  ['Error: spawn convert ENOENT', /'convert'/, /install it/],
  ['OSError: [Errno 98] Address already in use', /held by another process/, /PORT it is given/],
  ['listen tcp 127.0.0.1:1: bind: address already in use', /port 1 is held/, /PORT it is given/],
  ['Error: listen EACCES: permission denied 0.0.0.0:80', /not listen on port 80/, /PORT it is given/],
  ["PermissionError: [Errno 13] Permission denied: '/etc/shadow'", /'\/etc\/shadow'/, /the right to it/],
  [
    "FileNotFoundError: [Errno 2] No such file or directory: 'a.pem'",
    /no 'a\.pem'/,
    /relative to the plugin's folder/,
  ],
  [
    '  File "/x/main.py", line 3\n    def f(\n         ^\nSyntaxError: \'(\' was never closed',
    /\/x\/main\.py:3: '\(' was never/,
    /correct \/x\/main\.py:3$/,
  ],
  [
    'file:///x/main.mjs:7\nconst = 1;\n      ^\nSyntaxError: Unexpected token',
    /\/x\/main\.mjs:7: Unexpected/,
    /correct \/x\/main\.mjs:7$/,
  ],
  [
    "file:///x/main.mjs:1\nSyntaxError: The requested module 'a' does not provide an export named 'b'",
    /'b'/,
    /correct the import/,
  ],
];

describe('what a process wrote before it ended', () => {
  for (const [said, what, fix] of CASES) {
    it(`means something, as: ${said.split('\n').at(-1) ?? ''}`, () => {
      const found = diagnose(said.split('\n'));
      assert.match(found?.what ?? '', what);
      assert.match(found?.fix ?? '', fix);
    });
  }

  it('means nothing more where nobody knows it, and the last that is known counts', () => {
    assert.equal(diagnose(['weather: no key', 'code: ENOENT']), undefined);
    const both = ["No module named 'first'", "No module named 'second'", 'bye'];
    assert.match(diagnose(both)?.what ?? '', /second/);
  });

  it('is no command that a log has made up', () => {
    assert.equal(diagnose(["Cannot find package 'a; rm -r .' imported from /x"]), undefined);
  });

  it('is shown once, when it was written at every start', () => {
    const run = (pid: number): string[] => [`process ${pid} starts`, 'no key', '  at main'];
    assert.deepEqual(withoutRepeats(['ready', ...run(7), ...run(8)]), run(8));
    assert.deepEqual(withoutRepeats(['one', 'two']), ['one', 'two']);
    assert.deepEqual(withoutRepeats([]), []);
  });

  it('may be nothing: then the fix says so', async () => {
    const failure = await exitFailure({ plugin: 'quiet', errorFile: undefined } as never);
    assert.deepEqual([failure.code, failure.lines], ['MESH_PLUGIN_EXITED', []]);
    assert.match(failure.fix ?? '', /it wrote nothing/);
  });
});
