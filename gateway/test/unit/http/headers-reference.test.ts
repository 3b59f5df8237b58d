import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cleanRequestHeaders, cleanResponseHeaders } from '../../../src/http/headers.ts';

const page = readFileSync(new URL('../../../../docs/reference/headers.md', import.meta.url), 'utf8');

/** Names in the first column of a section's table, in lower case; one that stands for several as one of them. */
function namesIn(section: string): string[] {
  const [, text = ''] = page.split(`## ${section}\n`);
  const [table = ''] = text.split('\n## ');
  const rows = table.split('\n').filter((line) => line.startsWith('| `') && !/key or token/.test(line));
  return rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([\w*-]+)`/g)].map(([, name = '']) =>
      name.toLowerCase().replace('*', 'anything'),
    ),
  );
}

describe('docs/reference/headers.md', () => {
  it('says which headers of requests are removed, in every spelling', () => {
    const names = namesIn('Removed from requests');
    assert.ok(names.length > 15);
    const spellings = names.flatMap((name) => [
      name,
      ...['_', '.', '~'].map((by) => name.replaceAll('-', by)),
    ]);
    assert.deepEqual(cleanRequestHeaders(Object.fromEntries(spellings.map((name) => [name, 'x']))), {});
  });

  it('says which headers of answers are removed', () => {
    const names = [...namesIn('Removed from requests').slice(0, 9), ...namesIn('Removed from answers')];
    const headers = Object.fromEntries(names.map((name) => [name, 'x']));
    cleanResponseHeaders(headers);
    assert.deepEqual(headers, {});
  });
});
