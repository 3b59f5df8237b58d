import assert from 'node:assert/strict';
import { DescriptionReader } from '../../../src/docs/description-reader.ts';
import { answering, sketchApi } from '../../support/merging.ts';

const SOURCE = { id: 'ships', prefix: '/api/ships', stripPrefix: true };
const FINE = JSON.stringify(sketchApi({ '/a': { get: answering({}) } }));

/** Each of its operations refers to the next one: to follow them all takes more than there is. */
function endless(length: number): string {
  const operations = Array.from({ length }, (_, n) => {
    const next = `#/paths/~1${n + 1}/get/responses/200/content/application~1json/schema`;
    return [`/${n}`, { get: answering({ items: { $ref: next } }) }] as const;
  });
  return JSON.stringify(sketchApi(Object.fromEntries(operations)));
}

describe('the reader of API descriptions', function () {
  this.timeout(30_000);
  const reader = new DescriptionReader();
  after(() => reader.stop());

  it('reads one after the other, whatever is wrong with some of them', async () => {
    const readings = await Promise.all(
      [FINE, '<html>', endless(3_000), FINE].map((text) => reader.read(text, SOURCE)),
    );
    assert.deepEqual(
      readings.map((reading) => Object.keys(reading)),
      [['description'], ['broken'], ['broken'], ['description']],
    );
  });

  it('gives up what is being read when it is stopped, and begins anew when it is asked again', async () => {
    // Without a thread that is there already, which could be quicker than the stop.
    reader.stop();
    const reading = reader.read(FINE, SOURCE);
    setImmediate(() => reader.stop());
    assert.deepEqual(Object.keys(await reading), ['broken']);
    assert.deepEqual(Object.keys(await reader.read(FINE, SOURCE)), ['description']);
  });
});
