import { z } from 'zod';
import { nearestName } from '../errors/index.ts';
import { connectKindSchema } from './connect-kind-schema.ts';
import { ENDPOINT_HOOKS, type EndpointType } from './endpoint-type.ts';
import { PLAIN_NAME, pathBelow, title } from './endpoint-words.ts';
import { BUILT_IN_KINDS } from './connect-kinds.ts';
import { addProblem, refuseRepeated } from './own-problems.ts';

const subType = z.strictObject({
  type: PLAIN_NAME.describe('Its name; chosen when an endpoint is registered.'),
  title: title.exactOptional().describe('Shown in the dialogs; the name by default.'),
});

const callouts = z
  .string()
  .regex(/^(\/[A-Za-z0-9._~-]+)+$/, 'a path of literal segments like "/endpoint"')
  .refine((path) => !/\/\.{1,2}(\/|$)/.test(path), 'a path without "." and ".." segments');

const described = z.strictObject({
  type: PLAIN_NAME.describe('Its name; no other plugin may have the same.'),
  title: title.exactOptional().describe('Shown in the dialogs; the name by default.'),
  description: z.string().max(1000).exactOptional().describe('One line about what it is.'),
  subTypes: z.array(subType).default([]).describe('Variants of it.'),
  connect: z.array(connectKindSchema).min(1, 'one way to connect or more').describe('Ways to connect to it.'),
  infoPath: pathBelow
    .exactOptional()
    .describe('Answers 2xx without credentials; a JSON object becomes metadata.'),
  userPath: pathBelow.exactOptional().describe('Answers 2xx to a credential that is valid.'),
  userName: z
    .string()
    .min(1, 'the name of a member')
    .exactOptional()
    .describe("Member of that answer that is the user's name there."),
  hooks: z.array(z.enum(ENDPOINT_HOOKS)).default([]).describe('Callouts that the plugin answers.'),
  callouts: callouts
    .exactOptional()
    .describe('Where it answers them, "/endpoint" by default; nobody but `endpoints` gets there.'),
});

type Described = z.output<typeof described>;

/** One element of `endpoints`, with every default. */
const endpointTypeSchema = described
  .superRefine(refuseUnknownKinds)
  .superRefine(refuseRepetitions)
  .superRefine(refuseContradictions)
  .transform(withDefaults);

function refuseUnknownKinds({ connect, hooks }: Described, context: z.RefinementCtx): void {
  for (const [at, { kind }] of connect.entries()) {
    if (BUILT_IN_KINDS.has(kind) || hooks.includes('connect')) continue;
    addProblem(context, { path: ['connect', at, 'kind'], ...unknownKind(kind) });
  }
}

function refuseRepetitions({ connect, subTypes, hooks }: Described, context: z.RefinementCtx): void {
  refuseRepeated(context, {
    what: 'kind',
    values: connect.map(({ kind }) => kind),
    pathOf: (at) => ['connect', at, 'kind'],
  });
  refuseRepeated(context, {
    what: 'name',
    values: subTypes.map(({ type }) => type),
    pathOf: (at) => ['subTypes', at, 'type'],
  });
  refuseRepeated(context, { what: 'hook', values: hooks, pathOf: (at) => ['hooks', at] });
}

function refuseContradictions(entry: Described, context: z.RefinementCtx): void {
  for (const [member, hook] of ANSWERED) {
    if (entry[member] === undefined || !entry.hooks.includes(hook)) continue;
    const expected = `left out where the hook '${hook}' answers`;
    addProblem(context, { path: [member], expected, fix: 'take one of the two out' });
  }
  for (const [member, needed] of NEEDS) {
    if (entry[member] === undefined || entry[needed]?.length) continue;
    const expected = `left out where there is no '${needed}'`;
    addProblem(context, { path: [member], expected, fix: `'${needed}' says what it belongs to` });
  }
}

/** Members that are not looked at where a hook answers. */
const ANSWERED = [
  ['infoPath', 'info'],
  ['userPath', 'validate'],
] as const;

/** Members that mean nothing without another one. */
const NEEDS = [
  ['userName', 'userPath'],
  ['callouts', 'hooks'],
] as const;

function unknownKind(kind: string): { expected: string; fix: string } {
  const known = [...BUILT_IN_KINDS.keys()];
  const near = nearestName(kind, known);
  const own = "a kind of its own needs the hook 'connect'";
  return {
    expected: `one of ${known.join(', ')}`,
    fix: near === undefined ? own : `did you mean '${near}'? (${own})`,
  };
}

function withDefaults({ subTypes, hooks, callouts: path, ...entry }: Described): EndpointType {
  return {
    ...entry,
    title: entry.title ?? entry.type,
    subTypes: subTypes.map((each) => ({ type: each.type, title: each.title ?? each.type })),
    hooks,
    ...(hooks.length === 0 ? {} : { callouts: path ?? '/endpoint' }),
  };
}

/** `endpoints` of a manifest (contracts § 1.7). */
export const endpointTypesSchema = z
  .array(endpointTypeSchema)
  .min(1, 'one type or more')
  .superRefine((types, context) =>
    refuseRepeated(context, {
      what: 'type',
      values: types.map(({ type }) => type),
      pathOf: (at) => [at, 'type'],
    }),
  );
