import assert from 'node:assert/strict';
import { ClientLog } from '../../../src/socket/client-log.ts';
import { RateLimit } from '../../../src/socket/rate-limit.ts';

function recorded(perSecond: number) {
  const lines: [level: string, facts: Readonly<Record<string, unknown>>, text: string][] = [];
  const write =
    (level: string) =>
    (facts: object | string, text = '') =>
      void lines.push([level, { ...Object(facts) }, text]);
  const log = new ClientLog(
    { info: write('info'), debug: write('debug') },
    new RateLimit(perSecond, () => 0),
  );
  return { log, lines };
}

describe('the log of refusals and closes', () => {
  it('has a line for each, with its code', () => {
    const { log, lines } = recorded(10);
    log.refused({ code: 'MESH_TOPIC_UNMATCHED', socket: 's', topic: 't', event: 'e' }, 'unmatched topic');
    log.closed('s', 'slow');
    assert.deepEqual(
      lines.map(([level, { code }]) => [level, code]),
      [
        ['info', 'MESH_TOPIC_UNMATCHED'],
        ['info', 4410],
      ],
    );
    assert.match(lines[0]![2], /refused: unmatched topic/);
  });

  it('says what happens every day, and floods, at debug level', () => {
    const { log, lines } = recorded(2);
    log.closed('s', 'drain');
    for (let n = 0; n < 4; n++) log.refused({ code: 'MESH_RATE_LIMITED' }, 'too many messages');
    assert.deepEqual(
      lines.map(([level]) => level),
      ['debug', 'info', 'info', 'debug', 'debug'],
    );
  });

  it('cuts names that are as long as a frame', () => {
    const { log, lines } = recorded(1);
    log.refused({ code: 'MESH_BAD_REQUEST', topic: 'x'.repeat(100_000) }, 'too long');
    assert.equal(String(lines[0]![1]['topic']).length, 255);
  });
});
