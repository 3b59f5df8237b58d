import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ERROR_CODES } from '@plugmesh/shared/errors';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Files that a page links to, from the root. */
function linkedFiles(page: string): string[] {
  const links = [...read(page).matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].map(([, target = '']) => target);
  return links.map((target) => relative(ROOT, join(ROOT, dirname(page), target)));
}

/** The anchors that a page's headings get. */
function anchorsOf(page: string): Set<string> {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Links of a page to headings that are not there. */
function lostAnchors(page: string): string[] {
  const links = [...read(page).matchAll(/\]\((?!\w+:)([^)#\s]*\.md|)#([^)\s]+)\)/g)];
  return links
    .filter(([, target = '', anchor = '']) => {
      const file = target === '' ? page : relative(ROOT, join(ROOT, dirname(page), target));
      return !anchorsOf(file).has(anchor);
    })
    .map(([link]) => link);
}

describe('the documentation', () => {
  for (const page of PAGES) {
    it(`has no link to nowhere in ${page}`, () => {
      assert.deepEqual(
        linkedFiles(page).filter((file) => !existsSync(join(ROOT, file))),
        [],
      );
      assert.deepEqual(lostAnchors(page), []);
    });
  }

  it('lists every page in its index', () => {
    const listed = new Set(linkedFiles('docs/README.md'));
    const missing = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md').filter(
      (page) => !listed.has(page),
    );
    assert.deepEqual(missing, []);
  });

  it('names no error code that does not exist', () => {
    const known = new Set<string>(Object.keys(ERROR_CODES));
    const unknown = PAGES.flatMap((page) =>
      [...read(page).matchAll(/\bMESH_[A-Z]+(?:_[A-Z]+)*\b/g)]
        .filter(([code]) => !known.has(code))
        .map(([code]) => `${page}: ${code}`),
    );
    assert.deepEqual(unknown, []);
  });

  it('names no metric of ours that does not exist', () => {
    const known = read('docs/reference/metrics.md');
    const unknown = PAGES.flatMap((page) => [...read(page).matchAll(/\bplugmesh_(?:gateway|channel)_\w+/g)])
      .map(([name]) => name)
      .filter((name) => !name.endsWith('_') && !known.includes(`| \`${name}\` `));
    assert.deepEqual(unknown, []);
  });

  it('gives a reason for every runtime dependency, and for nothing else', () => {
    const workspaces = [
      '.',
      'shared',
      'gateway',
      'channel',
      ...readdirSync(join(ROOT, 'services')).map((id) => `services/${id}`),
    ];
    const used = workspaces
      .map((folder) => join(folder, 'package.json'))
      .filter((file) => existsSync(join(ROOT, file)))
      .flatMap((file) => {
        const { dependencies = {}, optionalDependencies = {} } = JSON.parse(read(file)) as Record<
          string,
          object
        >;
        return [...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
      })
      .filter((name) => !name.startsWith('@plugmesh/'));
    const rows = read('docs/decisions/dependencies.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const logged = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    );
    assert.deepEqual([...logged].sort(), [...new Set(used)].sort());
  });
});
