import assert from 'node:assert/strict';
import { postedFrames } from '../../../src/long-poll/posted-frames.ts';

const texts = (body: string): string[] | undefined =>
  postedFrames(body, true)?.map(({ data }) => data.toString());

describe('the frames of a POST', () => {
  it('are its lines, whatever ends them', () => {
    assert.deepEqual(texts('[1]\n{}\r\n[2]\n'), ['[1]', '{}', '[2]']);
    assert.deepEqual(texts(''), []);
  });

  it('are 100 at most, and what has more lines is not looked at', () => {
    const body = '[]\n'.repeat(100);
    assert.equal(texts(body)?.length, 100);
    assert.equal(texts(`${body}[]`), undefined);
    assert.equal(texts(`${'\n'.repeat(200)}[]`), undefined);
  });

  it('are one in all when it is no batch', () => {
    const [frame, ...others] = postedFrames('[\n1\n]', false) ?? [];
    assert.deepEqual([frame?.data.toString(), others], ['[\n1\n]', []]);
  });
});
