import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { skipped } from '../../../../test/mesh/support/describe-with.ts';
import { testCache } from '../../../../test/mesh/support/test-cache.ts';
import { parseManifest, type Manifest } from '../../../src/manifest/index.ts';
import { HOME, missingRequirement } from '../../../src/processes/index.ts';
import { KINDS, kindsOf, LANGUAGES, writePlugin } from '../../../src/scaffold/index.ts';

/** As with the first build of Rust on a slow machine. */
const BUILD_TIMEOUT_MS = 10 * 60_000;
const RUST_TARGET = testCache('scaffold-rust');
const VENV = testCache('scaffold-python');

/** How a plugin is built and tested here: what takes long is shared by all kinds, and outlives the run. */
interface Toolchain {
  readonly prepare: readonly (readonly string[])[];
  readonly test: readonly string[];
  readonly run: readonly string[];
}

const TOOLCHAINS: Readonly<Record<string, Toolchain>> = {
  ts: { prepare: [], test: [process.execPath, '--test'], run: ['node', 'main.mts'] },
  js: { prepare: [], test: [process.execPath, '--test'], run: ['node', 'main.mjs'] },
  python: {
    prepare: [
      ['sh', '-c', `[ -x '${VENV}/bin/python' ] || python3 -m venv '${VENV}'`],
      [`${VENV}/bin/python`, '-m', 'pip', 'install', '--quiet', '-r', 'requirements.txt'],
    ],
    test: [`${VENV}/bin/python`, '-m', 'unittest'],
    run: [`${VENV}/bin/python`, 'main.py'],
  },
  go: {
    prepare: [['go', 'build', '-o', '.build/plugin', '.']],
    test: ['go', 'test', './...'],
    run: ['.build/plugin'],
  },
  rust: {
    prepare: [['cargo', 'build', '--locked', '--target-dir', RUST_TARGET]],
    test: ['cargo', 'test', '--locked', '--target-dir', RUST_TARGET],
    run: [`${RUST_TARGET}/debug/plugin`],
  },
};

/** Paths that each kind has beside its health, and what it answers to a stranger. */
const PATHS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  route: { '/': 200, '/v1/me': 401 },
  service: { '/': 200 },
  middleware: { '/check': 204 },
  endpoint: {},
};

describe('the templates', function () {
  this.timeout(BUILD_TIMEOUT_MS);
  let root: string;
  let redis: RedisServer;

  before(async () => {
    // At the same path each time: Cargo keeps one program for each folder that it has seen.
    root = testCache('scaffold');
    await rm(join(root, 'services'), { recursive: true, force: true });
    // As in this repository, where the SDK is at hand; elsewhere is for the guide.
    await symlink(join(HOME, 'node_modules'), join(root, 'node_modules')).catch(() => undefined);
    redis = await RedisServer.start();
  });
  after(() => redis.stop());

  it('are there for every language and kind, and are those that are tested here', () => {
    assert.deepEqual(
      LANGUAGES.map(({ id }) => id),
      Object.keys(TOOLCHAINS),
    );
    assert.deepEqual(
      KINDS.map(({ id }) => id),
      Object.keys(PATHS),
    );
  });

  for (const { id: language } of LANGUAGES)
    for (const { id: kind } of kindsOf(language))
      describe(`of the kind ${kind} in ${language}`, () => {
        const name = `a-${language}-${kind}`;
        const { prepare, test, run } = TOOLCHAINS[language]!;
        let folder: string;
        let files: readonly string[];
        let manifest: Manifest;

        before(async () => {
          ({ folder, files } = await writePlugin({ name, language, kind, root }));
          const file = join(folder, 'plugin.json');
          manifest = parseManifest(await readFile(file, 'utf8'), file, { id: name });
        });

        it('has a valid manifest, a README, a test, and no name but its own', async () => {
          assert.equal(folder, join(root, 'services', name));
          for (const file of ['plugin.json', 'README.md', '.gitignore'])
            assert.ok(files.includes(file), file);
          const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
          for (const [at, text] of texts.entries()) assert.ok(!text.includes('plugin-name'), files[at]);
          assert.ok(
            texts.some((text) => /node:test|unittest|testing\.T|tokio::test/.test(text)),
            'a test',
          );
          const { http, middleware, topics, endpoints = [] } = manifest;
          assert.deepEqual([http.guard, http.openapi], ['session', '/openapi.json']);
          assert.equal(middleware !== undefined, kind === 'middleware');
          assert.deepEqual(
            endpoints.map(({ type }) => type),
            kind === 'endpoint' ? [name] : [],
          );
          assert.deepEqual(
            topics.map(({ pattern }) => pattern),
            kind === 'service' ? [name] : [],
          );
        });

        it('passes its own test, answers, describes that, and ends when it is told to', async function () {
          const missing = await missingRequirement(manifest);
          if (missing !== undefined) skipped(this, `a ${kind} in ${language}`, missing);
          for (const command of [...prepare, test]) await inFolder(folder, command);
          for (const signal of ['SIGTERM', 'SIGINT'] as const) {
            const { running, url } = await start(folder, run, redis.url);
            try {
              await answersAsDescribed(url, PATHS[kind]!);
              if (kind === 'endpoint') await isClosed(`${url}/endpoint/info`);
              if (kind === 'service') await isLive(name, redis.url);
              assert.deepEqual(await running.kill(signal), { code: 0, signal: null }, running.output);
            } finally {
              await running.stop();
            }
          }
        });
      });
});

async function inFolder(folder: string, [program = '', ...args]: readonly string[]): Promise<void> {
  await promisify(execFile)(program, args, { cwd: folder });
}

async function start(
  folder: string,
  run: readonly string[],
  redisUrl: string,
): Promise<{ running: RunningProcess; url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const running = await startProcess(run, {
    cwd: folder,
    env: { PORT: String(port), HOST: '127.0.0.1', REDIS_URL: redisUrl },
    ready: async () => (await fetch(`${url}/healthz`)).ok,
    timeoutMs: 20_000,
  });
  return { running, url };
}

async function answersAsDescribed(url: string, paths: Readonly<Record<string, number>>): Promise<void> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string; paths: object };
  assert.match(document.openapi, /^3\.1\./);
  const described = Object.keys(document.paths).filter((path) => path !== '/healthz');
  assert.deepEqual(described.sort(), Object.keys(paths).sort());
  for (const [path, status] of Object.entries(paths)) assert.equal((await fetch(url + path)).status, status);
  assert.equal((await fetch(`${url}/nowhere`)).status, 404);
}

/** Whoever comes past the gateway has to show who they are. */
async function isClosed(url: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  assert.equal((await fetch(url, { method: 'POST', headers, body: '{}' })).status, 401);
}

/** It publishes, and answers a push. */
async function isLive(name: string, redisUrl: string): Promise<void> {
  const listener = new Redis(redisUrl);
  const pusher = new Redis(redisUrl);
  try {
    const heard: string[] = [];
    listener.on('message', (channel: string, payload: string) => heard.push(`${channel} ${payload}`));
    await listener.subscribe(`to:${name}:tick`, `to:${name}:pong`);
    const isHeard = (start: string) => () => heard.some((each) => each.startsWith(start));
    await eventually(isHeard(`to:${name}:tick {"seconds":`), { timeoutMs: 10_000 });
    await pusher.publish(`from:${name}:ping`, 'no json');
    await eventually(isHeard(`to:${name}:pong {"seconds":`), { timeoutMs: 10_000 });
  } finally {
    listener.disconnect();
    pusher.disconnect();
  }
}
