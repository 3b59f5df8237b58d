import assert from 'node:assert/strict';
import { brokenBoundaries } from './boundaries.ts';
import { readSources, sourceFacts } from './source-facts.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

/** The broken boundaries of a file that exists only here. */
function brokenBy(file: string, text: string): string[] {
  return brokenBoundaries([sourceFacts(file, text)]);
}

describe('the boundaries of the architecture', () => {
  it('hold in every source file', () => {
    const sources = readSources(ROOT, ['shared/src', 'gateway/src', 'channel/src', 'services']);
    assert.ok(sources.length > 20, 'the walk has found the sources');
    assert.deepEqual(brokenBoundaries(sources), []);
  });

  const allowed: readonly (readonly [what: string, file: string, text: string])[] = [
    ['gateway uses shared', 'gateway/src/a.ts', `import { createLog } from '@plugmesh/shared/log';`],
    ['a plugin uses the SDK', 'services/x/src/a.ts', `import { b } from '@plugmesh/sdk';`],
    ['a plugin uses its own files', 'services/x/src/a.ts', `import { b } from './b.ts';`],
    ['a plugin uses packages of its own', 'services/x/src/a.ts', `import sharp from 'sharp';`],
    ['config reads the environment', 'shared/src/config/a.ts', 'export const env = process.env;'],
    ['run-process ends the process', 'shared/src/lifecycle/run-process.ts', `process.once('SIGTERM', stop);`],
    ['a word in a comment', 'gateway/src/a.ts', `// process.env and import 'ioredis' are elsewhere`],
    [
      'shared compares secrets',
      'shared/src/access/same-secret.ts',
      `import { timingSafeEqual } from 'node:crypto';`,
    ],
    ['everybody uses that', 'channel/src/a.ts', `import { isSameSecret } from '@plugmesh/shared/access';`],
  ];
  for (const [what, file, text] of allowed) {
    it(`allow: ${what}`, () => assert.deepEqual(brokenBy(file, text), []));
  }

  const refused: readonly (readonly [what: string, file: string, text: string])[] = [
    ['gateway imports channel', 'gateway/src/a.ts', `import { b } from '../../channel/src/b.ts';`],
    ['gateway imports the SDK', 'gateway/src/a.ts', `import { b } from '@plugmesh/sdk';`],
    ['channel imports express', 'channel/src/a.ts', `import express from 'express';`],
    ['channel imports a service', 'channel/src/a.ts', `import '@plugmesh/mesh/src/lease.ts';`],
    ['shared imports gateway', 'shared/src/log/a.ts', `export * from '../../../gateway/src/b.ts';`],
    ['protocol touches files', 'shared/src/protocol/a.ts', `import { readFile } from 'node:fs/promises';`],
    ['errors imports a client', 'shared/src/errors/a.ts', `import { pino } from 'pino';`],
    ['a plugin imports another', 'services/x/src/a.ts', `import { b } from '../../y/src/b.ts';`],
    ['a plugin looks past the SDK', 'services/x/src/a.ts', `import { b } from '@plugmesh/shared/redis';`],
    ['ioredis outside shared/src/redis', 'channel/src/bus/a.ts', `import { Redis } from 'ioredis';`],
    ['a dynamic import', 'gateway/src/a.ts', `const redis = await import('ioredis');`],
    ['a type only', 'gateway/src/a.ts', `import type { Redis } from 'ioredis';`],
    ['ws outside its folder', 'channel/src/socket/a.ts', `import { WebSocket } from 'ws';`],
    ['pm2 imported at all', 'services/mesh/src/a.ts', `import pm2 from 'pm2';`],
    ['the environment read elsewhere', 'gateway/src/a.ts', `const port = process.env['PORT'];`],
    ['the process ended elsewhere', 'gateway/src/a.ts', 'process.exit(1);'],
    ['a signal handled elsewhere', 'channel/src/a.ts', `process.on('SIGTERM', () => stop());`],
    ['secrets compared elsewhere', 'channel/src/a.ts', `import { timingSafeEqual } from 'node:crypto';`],
    ['or by another name', 'shared/src/a.ts', `import { timingSafeEqual as same } from 'node:crypto';`],
    [
      'or by way of the module',
      'gateway/src/a.ts',
      `import * as c from 'node:crypto'; c.timingSafeEqual(a, b);`,
    ],
    ['a folder of which the table knows nothing', 'elsewhere/a.ts', ''],
  ];
  for (const [what, file, text] of refused) {
    it(`refuse, naming the file: ${what}`, () => {
      const broken = brokenBy(file, text);
      assert.equal(broken.length > 0, true);
      assert.ok(broken.every((line) => line.startsWith(file)));
    });
  }

  it('refuse a second file that imports http-proxy-middleware', () => {
    const text = `import { createProxyMiddleware } from 'http-proxy-middleware';`;
    const files = ['gateway/src/proxy/a.ts', 'gateway/src/proxy/b.ts'];
    const broken = brokenBoundaries(files.map((file) => sourceFacts(file, text)));
    assert.deepEqual(broken, [
      'gateway/src/proxy/a.ts, gateway/src/proxy/b.ts → http-proxy-middleware: imported by more than 1 file',
    ]);
  });
});
