import assert from 'node:assert/strict';
import { createLog, type Log, type LogOptions } from '../../../src/log/index.ts';

function capture(options: Omit<LogOptions, 'name' | 'destination'>): { lines: string[]; log: Log } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { lines, log: createLog({ name: 'gateway', destination, ...options }) };
}

describe('createLog', () => {
  it('writes one JSON object per line in production', () => {
    const { lines, log } = capture({});
    log.info({ plugin: 'ships' }, 'ready');
    const { time, ...entry } = JSON.parse(lines[0] ?? '');
    assert.deepEqual(entry, {
      level: 'info',
      pid: process.pid,
      name: 'gateway',
      plugin: 'ships',
      msg: 'ready',
    });
    assert.ok(Date.now() - Date.parse(time) < 5000);
  });

  it('writes one readable line in development, with one time', () => {
    const { lines, log } = capture({ mode: 'development' });
    log.child({ plugin: 'ships' }).warn({ port: 2350 }, 'does not listen');
    assert.match(
      lines.join(''),
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}gateway {2}does not listen plugin=ships port=2350\n$/,
    );
  });

  it('shows an error with its stack', () => {
    const { lines, log } = capture({ mode: 'development' });
    log.error({ err: new Error('boom') }, 'failed');
    assert.match(lines.join(''), /failed\n {2}Error: boom\n {6}at /);
  });

  it('keeps what clients say from looking like an entry, or steering a terminal, in development', () => {
    const { lines, log } = capture({ mode: 'development' });
    log.info({ topic: 'a\n12:00' }, "received '\x1b[2J\x9b\r\n12:00 INFO'");
    assert.match(lines.join(''), /'\\u001b\[2J\\u009b\\u000d\n {2}12:00 INFO' topic=a\\u000a12:00\n$/);
  });

  it('leaves out what is below its level', () => {
    const { lines, log } = capture({ level: 'warn' });
    log.info('not this');
    log.warn('this');
    assert.equal(lines.length, 1);
  });

  for (const field of ['token', 'authorization', 'cookie', 'set-cookie', 'apikey', 'password']) {
    it(`never writes the value of '${field}', at the top or deeper`, () => {
      const { lines, log } = capture({});
      log.info(
        { [field]: 's3cret', headers: { [field]: 's3cret' }, request: { headers: { [field]: 's3cret' } } },
        'in',
      );
      assert.ok(!lines.join('').includes('s3cret'), lines.join(''));
    });
  }
});
