import type { SourceFacts } from './source-facts.ts';

/**
 * Who may import whom. The first row whose `from` matches a file decides about it; an import that `may` does not
 * match is a broken boundary. Every file may import what lies in its own folder (`own`).
 */
interface Row {
  readonly from: RegExp;
  readonly own: RegExp;
  readonly may: RegExp;
}

const PURE = /^shared\/src\/(protocol|errors|manifest)\//;
const SHARED = /^shared\/src\//;
const SHARED_BUT_SDK = /^shared\/src\/(?!sdk\/|cli\/|testing\/)/;

const TABLE: readonly Row[] = [
  // Looking for manifests is the one part of `manifest` that must read folders.
  {
    from: /^shared\/src\/manifest\/find-manifests\.ts$/,
    own: PURE,
    may: /^(node:(fs|path)|shared\/src\/config\/)/,
  },
  {
    from: PURE,
    own: PURE,
    may: /^(zod|jsonc-parser|fastest-levenshtein|node:(path|buffer)|shared\/src\/mesh-document\/(types|route-pattern)\.ts)$/,
  },
  { from: /^shared\/src\/mesh-document\//, own: SHARED, may: /^(zod|node:net)$/ },
  { from: SHARED, own: SHARED, may: /^(?!gateway\/|channel\/|services\/)/ },
  { from: /^gateway\/src\/page\//, own: /^gateway\/src\/page\//, may: /^$/ },
  {
    from: /^gateway\/src\/docs\/page\//,
    own: /^gateway\/src\/docs\/page\//,
    may: /^gateway\/src\/page\/dom\.js$/,
  },
  { from: /^gateway\//, own: /^gateway\//, may: packagesAnd(SHARED_BUT_SDK) },
  { from: /^channel\//, own: /^channel\//, may: packagesAnd(SHARED_BUT_SDK, ['express']) },
  // What they share is where the browser finds it: /page/ for /api/<plugin>/page/, and so services/page/ for this test.
  {
    from: /^services\/accounts\/src\/page\//,
    own: /^services\/accounts\/src\/page\//,
    may: /^services\/page\/(api|dom|forms)\.js$/,
  },
  {
    from: /^services\/endpoints\/src\/page\//,
    own: /^services\/endpoints\/src\/page\//,
    may: /^services\/page\/(api|connection|curve|dom|forms)\.js$/,
  },
  // Writes the records of sessions and keys that gateway and channel read.
  {
    from: /^services\/accounts\//,
    own: /^services\/accounts\//,
    may: packagesAnd(/^shared\/src\/(sdk|access|api-description|database|pages)\/index\.ts$/),
  },
  {
    from: /^services\/endpoints\//,
    own: /^services\/endpoints\//,
    may: packagesAnd(/^shared\/src\/(sdk|access|api-description|database|errors|pages)\/index\.ts$/),
  },
  { from: /^services\/mesh\//, own: /^services\/mesh\//, may: packagesAnd(SHARED) },
  { from: /^services\//, own: /^$/, may: packagesAnd(/^shared\/src\/sdk\/index\.ts$/) },
];

/** Packages that are imported in one place only, so that they can be replaced there. */
const ONE_PLACE: readonly { readonly name: string; readonly folder: RegExp; readonly files?: number }[] = [
  { name: 'ioredis', folder: /^shared\/src\/redis\// },
  { name: 'http-proxy-middleware', folder: /^gateway\/src\/proxy\//, files: 1 },
  { name: 'ws', folder: /^channel\/src\/transport\// },
  { name: 'pg', folder: /^shared\/src\/database\//, files: 1 },
  { name: 'pm2', folder: /^$/ },
  { name: 'rate-limiter-flexible', folder: /^gateway\/src\/rates\//, files: 1 },
  // Whatever goes to an external system goes through the guard.
  { name: 'undici', folder: /^services\/endpoints\/src\/outbound\// },
  { name: 'ipaddr.js', folder: /^services\/endpoints\/src\/outbound\//, files: 1 },
  { name: 'oauth4webapi', folder: /^services\/endpoints\/src\/outbound\//, files: 1 },
  { name: 'yaml', folder: /^shared\/src\/compose\//, files: 1 },
  {
    name: '@seriousme/openapi-schema-validator',
    folder: /^(shared\/src\/conformance|gateway\/src\/docs)\//,
    files: 2,
  },
];

/** What starts programs or tests may read the shell's environment; everything else is told by `config`. */
const MAY_READ_ENVIRONMENT = /^shared\/src\/(config|testing)\//;
const MAY_END_PROCESS = /^shared\/src\/(lifecycle\/run-process\.ts$|cli\/)/;

/** Secrets are compared by `isSameSecret`, so that whether that takes the same time is a question about one file. */
const MAY_COMPARE_SECRETS = /^shared\/src\/access\/same-secret\.ts$/;

/** Every broken boundary, as `<file> → <import>: <why>`. */
export function brokenBoundaries(sources: readonly SourceFacts[]): string[] {
  return [...sources.flatMap(brokenImports), ...sources.flatMap(brokenManners), ...crowdedPackages(sources)];
}

function brokenImports({ file, imports }: SourceFacts): string[] {
  const row = TABLE.find(({ from }) => from.test(file));
  if (!row) return [`${file}: no row of the table speaks of this folder`];
  const own = row.own.source === '^$' ? new RegExp(`^${serviceOf(file)}/`) : row.own;
  const strangers = imports.filter((target) => !own.test(target) && !row.may.test(target));
  const misplaced = imports.filter((target) =>
    ONE_PLACE.some(({ name, folder }) => name === target && !folder.test(file)),
  );
  return [
    ...strangers.map((target) => `${file} → ${target}: outside what this folder may import`),
    ...misplaced.map((target) => `${file} → ${target}: this package is imported in one place only`),
  ];
}

function brokenManners({ file, readsEnvironment, endsProcess, comparesSecrets }: SourceFacts): string[] {
  const broken: string[] = [];
  if (readsEnvironment && !MAY_READ_ENVIRONMENT.test(file)) {
    broken.push(`${file} → process.env: read in shared/src/config only`);
  }
  if (endsProcess && !MAY_END_PROCESS.test(file)) {
    broken.push(`${file} → signals or process.exit: at home in shared/src/lifecycle/run-process.ts`);
  }
  if (comparesSecrets && !MAY_COMPARE_SECRETS.test(file)) {
    broken.push(`${file} → timingSafeEqual: use isSameSecret of shared/src/access`);
  }
  return broken;
}

function crowdedPackages(sources: readonly SourceFacts[]): string[] {
  return ONE_PLACE.flatMap(({ name, files }) => {
    const importers = sources.filter(({ imports }) => imports.includes(name)).map(({ file }) => file);
    if (files === undefined || importers.length <= files) return [];
    return [`${importers.join(', ')} → ${name}: imported by more than ${files} file`];
  });
}

/** Node's and npm's packages, and those files of ours. */
function packagesAnd(ours: RegExp, but: readonly string[] = []): RegExp {
  const never = but.map((name) => `${name}$|`).join('');
  return new RegExp(`${ours.source}|^(?!${never}(shared|gateway|channel|services)/)`);
}

function serviceOf(file: string): string {
  return file.split('/').slice(0, 2).join('/');
}
