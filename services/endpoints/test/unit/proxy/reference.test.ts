import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  DROPPED_BEGINNINGS,
  DROPPED_FROM_REQUESTS,
  requestHeaders,
} from '../../../src/proxy/request-headers.ts';
import { DROPPED_X, KEPT_OF_ANSWERS, responseHeaders } from '../../../src/proxy/response-headers.ts';

const page = readFileSync(
  new URL('../../../../../docs/reference/endpoints-proxy.md', import.meta.url),
  'utf8',
);

/** Names in the first column of the tables of a section, one list for each table. */
function namesIn(section: string): string[][] {
  const [, text = ''] = page.split(`## ${section}\n`);
  const tables = (text.split('\n## ')[0] ?? '').split('\n\n').filter((part) => part.startsWith('|'));
  return tables.map((table) =>
    table
      .split('\n')
      .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([\w*-]+)`/g)].map(([, name = '']) => name)),
  );
}

const target = { url: 'https://example.org', skipTlsValidation: false, caCert: null };

describe('docs/reference/endpoints-proxy.md', () => {
  it('says which headers of requests are never passed on', () => {
    const [names = []] = namesIn('Headers of requests');
    const dropped = [...DROPPED_FROM_REQUESTS, ...DROPPED_BEGINNINGS.map((beginning) => `${beginning}*`)];
    assert.deepEqual(names.sort(), dropped.sort());
    const spellings = names.flatMap((name) => [
      name.replace('*', 'x'),
      name.replaceAll('-', '_').replace('*', 'x'),
    ]);
    assert.deepEqual(requestHeaders(Object.fromEntries(spellings.map((name) => [name, 'v'])), {}), {});
  });

  it('says which headers of answers are passed back, and which are not', () => {
    const [kept = [], dropped = []] = namesIn('Headers of answers');
    assert.deepEqual(kept.sort(), [...KEPT_OF_ANSWERS].sort());
    assert.deepEqual(dropped.sort(), [...DROPPED_X].sort());
    const names = [...kept, ...dropped, 'x-own', 'y-own', 'www-authenticate'];
    const headers = Object.fromEntries(names.map((name) => [name, 'v']));
    const passedBy = (kind: 'proxy' | 'reach'): string[] =>
      Object.keys(responseHeaders({ status: 200, headers }, target, { prefix: '', kind })).sort();
    const own = ['x-own', 'cache-control', 'content-security-policy', 'x-content-type-options'];
    assert.deepEqual(passedBy('proxy'), [...kept, ...own].sort());
    assert.deepEqual(passedBy('reach'), [...kept, ...own, 'www-authenticate'].sort());
  });
});
