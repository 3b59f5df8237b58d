import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { type CodeBlock, codeBlock, codeBlocks } from './code-blocks.ts';
import { LAUNCHER, type TestMesh } from './test-mesh.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** How a page is followed. */
export interface GuideOptions {
  /** Where its commands run; its `localhost:2345` is this mesh. */
  readonly mesh: TestMesh;
  /** What a page says → what it is here: ports that are free, names of hosts. */
  readonly instead?: Readonly<Record<string, string>>;
  /** What its shells find in their environment besides PATH, HOME and PLUGMESH_FILE; it may grow. */
  readonly env?: Record<string, string>;
}

/** A page of the documentation, whose code blocks are written to files and run as a reader would. */
export class Guide {
  readonly #page: string;
  readonly #mesh: TestMesh;
  readonly #instead: Readonly<Record<string, string>>;
  readonly #env: Record<string, string>;
  readonly #blocks: readonly CodeBlock[];
  readonly #followed = new Set<CodeBlock>();
  readonly #running: RunningProcess[] = [];

  constructor(page: string, { mesh, instead = {}, env = {} }: GuideOptions) {
    this.#page = page;
    this.#mesh = mesh;
    const { host, port } = new URL(mesh.origin);
    this.#instead = { 'localhost:2345': host, '127.0.0.1:2345': `127.0.0.1:${port}`, ...instead };
    this.#env = env;
    this.#blocks = codeBlocks(readFileSync(join(ROOT, page), 'utf8'));
  }

  /** The text of a block, and with it the promise that the test checks it. */
  text(name: string): string {
    const block = codeBlock(this.#blocks, name);
    this.#followed.add(block);
    return Object.entries(this.#instead).reduce(
      (text, [said, here]) => text.replaceAll(said, here),
      block.text,
    );
  }

  /** Writes a block to the file that it is named after, or to another one. */
  async write(name: string, path = name): Promise<void> {
    const file = join(this.#mesh.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, this.text(name));
  }

  /** Appends a block to plugmesh.toml, as a reader with an editor would. */
  async configure(name: string): Promise<void> {
    await appendFile(this.#mesh.file, `\n${this.text(name)}`);
  }

  /** Runs the commands of a block in a shell, and resolves to what they print; rejects when one fails. */
  async run(name: string): Promise<string> {
    const { argv, options } = await this.#shell(this.text(name));
    const [program = '', ...args] = argv;
    return (await promisify(execFile)(program, args, options)).stdout.trim();
  }

  /** Runs the commands of a block, and keeps these variables for the blocks that come after it, as one shell would. */
  async runFor(name: string, ...variables: readonly string[]): Promise<string> {
    const told = variables.map((variable) => `printf '\\0%s' "$${variable}"`).join('\n');
    const { argv, options } = await this.#shell(`${this.text(name)}\n${told}`);
    const [program = '', ...args] = argv;
    const [output = '', ...values] = (await promisify(execFile)(program, args, options)).stdout.split('\0');
    for (const [at, variable] of variables.entries()) this.#env[variable] = values[at] ?? '';
    return output.trim();
  }

  /** Starts the commands of a block, of which the last line runs until it is stopped. */
  async start(name: string): Promise<RunningProcess> {
    const { argv, options } = await this.#shell(this.text(name).replace(/(.+)\n$/, 'exec $1'));
    const running = await startProcess(argv, options);
    this.#running.push(running);
    return running;
  }

  /** Stops what `start` has started. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.stop()));
  }

  /** Fails when a block named `from <file>: <what>` is not in that file of the repository as it stands. */
  assertExcerpts(): void {
    for (const block of this.#blocks) {
      const [, file] = /^from ([^:]+)/.exec(block.name) ?? [];
      if (file === undefined) continue;
      this.#followed.add(block);
      const source = readFileSync(join(ROOT, file), 'utf8');
      assert.ok(source.includes(block.text), `${file} has not what ${this.#page} shows:\n${block.text}`);
    }
  }

  /** Fails when the page has a block that nothing has looked at. */
  assertFollowed(): void {
    const left = this.#blocks.filter((block) => block.language !== '' && !this.#followed.has(block));
    assert.deepEqual(
      left.map(({ language, name, text }) => `${language} ${name}: ${text.slice(0, 60)}`),
      [],
      `${this.#page} has code blocks that nothing checks`,
    );
  }

  /** How a shell is started where a reader stands: in the folder that has the launcher and the configuration. */
  async #shell(commands: string) {
    const { folder, file } = this.#mesh;
    await writeFile(join(folder, 'plugmesh'), `#!/bin/sh\nexec '${LAUNCHER}' "$@"\n`, { mode: 0o755 });
    const { PATH = '', HOME = '' } = process.env;
    const env = { PATH, HOME, PLUGMESH_FILE: file, ...this.#env };
    return { argv: ['sh', '-euc', commands], options: { cwd: folder, env } };
  }
}
