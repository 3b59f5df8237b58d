import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as {
  packages: Readonly<Record<string, LockedPackage>>;
};

/** Every version of a package in the lockfile, however deep it sits, as numbers. */
function lockedVersions(name: string): number[][] {
  return Object.entries(packages)
    .filter(([path]) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`))
    .map(([, { version = '' }]) => version.split('.').map(Number));
}

describe('the lockfile', () => {
  it('holds http-proxy-middleware 4: npm under Node 20 picks 3, which is open to request smuggling', () => {
    assert.deepEqual(
      lockedVersions('http-proxy-middleware').map(([major]) => major),
      [4],
    );
  });

  it('holds httpxy 0.5.6 or later', () => {
    const versions = lockedVersions('httpxy');
    assert.ok(versions.length > 0);
    for (const [major = 0, minor = 0, patch = 0] of versions) {
      assert.ok(major > 0 || minor > 5 || (minor === 5 && patch >= 6), `${major}.${minor}.${patch}`);
    }
  });

  it('has an empty package where swagger-ui-dist wants one that reports installations', () => {
    const reporters = Object.entries(packages).filter(([path]) => path.endsWith('node_modules/@scarf/scarf'));
    assert.deepEqual(
      reporters.map(([, { name }]) => name),
      ['@favware/skip-dependency'],
    );
  });

  it('names no registry: packages come from wherever the one who installs has set', () => {
    const addresses = Object.entries(packages).filter(([, { resolved = '' }]) => /^[a-z+]+:/.test(resolved));
    assert.deepEqual(addresses, []);
  });
});

describe('the lockfiles of what is written in other languages', () => {
  const clients = ['phoenix', 'publish'].map((name) => `test/mesh/clients/${name}`);
  const kinds = ['route', 'service', 'middleware'].map(
    (kind) => `shared/src/scaffold/templates/rust/${kind}`,
  );
  for (const folder of [...['services/hello', ...clients].map((name) => `${name}-rust`), ...kinds]) {
    const file = `${folder}/Cargo.lock`;
    it(`name no place but the public index of crates: ${file}`, () => {
      const sources = [...read(file).matchAll(/^source = "(.+)"$/gm)];
      assert.deepEqual(
        [...new Set(sources.map(([, source]) => source))],
        ['registry+https://github.com/rust-lang/crates.io-index'],
      );
    });
  }

  const pinned = [...['services/hello', ...clients].map((name) => `${name}-python`), 'services/packages'];
  for (const folder of [...pinned, 'test/mesh/clients/devpi-server']) {
    const file = `${folder}/requirements.txt`;
    it(`pin every Python package, and name no index: ${file}`, () => {
      const lines = read(file).split('\n');
      const packages = lines.filter((line) => line !== '' && !line.startsWith('#'));
      for (const line of packages) assert.match(line, /^[a-z0-9-]+==\d[\w.]*( ; .+)?$/);
    });
  }
});
