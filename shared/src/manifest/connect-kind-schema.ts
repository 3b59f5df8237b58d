import { z } from 'zod';
import { nearestName } from '../errors/index.ts';
import { BUILT_IN_KINDS, type BuiltInKind } from './connect-kinds.ts';
import type { ConnectKind } from './endpoint-type.ts';
import { PLAIN_NAME, pathBelow, title } from './endpoint-words.ts';
import { HEADER_NAME, isReservedHeader } from './header-names.ts';
import { addProblem, refuseRepeated, type OwnProblem } from './own-problems.ts';

/** Who somebody is at the mesh, and what describes a body: the mesh says them itself. */
const NOT_FOR_TOKENS = 'cookie|content-.*|via|forwarded|x-forwarded-.*';

const header = z
  .string()
  .regex(HEADER_NAME, 'the name of a header')
  .refine(
    (name) => !isReservedHeader(name, NOT_FOR_TOKENS),
    'a header that can carry a credential, like "Authorization" or "X-Api-Key"',
  );

const field = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,39}$/, 'letters, digits, "_" and "-", beginning with a letter')
    .describe('Its name among the credentials.'),
  title: title.exactOptional().describe('Shown beside it; the name by default.'),
  secret: z.boolean().exactOptional().describe('Not shown while it is typed, and never told again.'),
  required: z.boolean().exactOptional().describe('Must be filled in; true by default.'),
  placeholder: z.string().max(80).exactOptional().describe('Shown while it is empty.'),
});

const described = z.strictObject({
  kind: PLAIN_NAME.describe('A built-in kind, or one of its own, which needs the hook connect.'),
  title: title.exactOptional().describe('Shown where one of several is chosen.'),
  header: header
    .exactOptional()
    .describe('Kind token: the header that carries it; Authorization by default.'),
  prefix: z
    .string()
    .regex(/^[ -~]{0,40}$/, 'at most 40 characters of ASCII')
    .exactOptional()
    .describe('Kind token: what stands before it; "token " in Authorization, else nothing.'),
  tokenPath: pathBelow
    .exactOptional()
    .describe('OAuth2: the token endpoint at its own origin; /oauth/token by default.'),
  fields: z.array(field).exactOptional().describe('What users fill in; built-in kinds have theirs.'),
});

type Described = z.output<typeof described>;
type DescribedField = z.output<typeof field>;

/** One element of `connect` of an endpoint type, with every default. */
export const connectKindSchema = described.superRefine(checkTogether).transform(withDefaults);

function checkTogether({ kind, fields = [], ...entry }: Described, context: z.RefinementCtx): void {
  const builtIn = BUILT_IN_KINDS.get(kind);
  for (const option of ['header', 'prefix', 'tokenPath'] as const) {
    if (entry[option] === undefined || option in (builtIn?.options ?? {})) continue;
    const expected = `left out for the kind '${kind}'`;
    addProblem(context, { path: [option], expected, fix: `it belongs to ${kindsWith(option)}` });
  }
  refuseRepeated(context, {
    what: 'name',
    values: fields.map(({ name }) => name),
    pathOf: (at) => ['fields', at, 'name'],
  });
  if (builtIn)
    for (const [at, field] of fields.entries())
      for (const { path, ...problem } of wordProblems(field, builtIn))
        addProblem(context, { path: ['fields', at, ...path], ...problem });
}

/** A built-in kind has its fields; a manifest may give them other words. */
function wordProblems({ name, secret, required }: DescribedField, builtIn: BuiltInKind): OwnProblem[] {
  const known = builtIn.fields.map((field) => field.name);
  const near = nearestName(name, known);
  const fix = near === undefined ? 'a kind of its own can have other fields' : `did you mean '${near}'?`;
  const said = Object.entries({ secret, required }).filter(([, value]) => value !== undefined);
  return [
    ...(known.includes(name) ? [] : [{ path: ['name'], expected: 'a field of this kind', fix }]),
    ...said.map(([member]) => ({
      path: [member],
      expected: 'left out',
      fix: 'a built-in kind says this of its fields itself',
    })),
  ];
}

function kindsWith(option: string): string {
  const kinds = [...BUILT_IN_KINDS].filter(([, { options }]) => option in options);
  return kinds.map(([kind]) => `'${kind}'`).join(' and ');
}

function withDefaults({ kind, title: shown, fields = [], ...entry }: Described): ConnectKind {
  const builtIn = BUILT_IN_KINDS.get(kind);
  return {
    kind,
    title: shown ?? builtIn?.title ?? kind,
    ...builtIn?.options,
    // The prefix is the one that `Authorization` takes.
    ...(/^authorization$/i.test(entry.header ?? 'authorization') ? {} : { prefix: '' }),
    ...entry,
    fields: builtIn
      ? builtIn.fields.map((one) => ({ ...one, ...fields.find(({ name }) => name === one.name) }))
      : fields.map((one) => ({ title: one.name, secret: false, required: true, ...one })),
  };
}
