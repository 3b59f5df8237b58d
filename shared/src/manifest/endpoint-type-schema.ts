import { z } from 'zod';
import { connectKindSchema } from './connect-kind-schema.ts';
import { ENDPOINT_HOOKS, type EndpointType } from './endpoint-type.ts';
import { PLAIN_NAME, pathBelow, title } from './endpoint-words.ts';
import { BUILT_IN_KINDS } from './connect-kinds.ts';

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

/** One element of `endpoints` (contracts § 1.7), with every default. */
export const endpointTypeSchema = described.superRefine(checkTogether).transform(withDefaults);

function checkTogether(entry: Described, context: z.RefinementCtx): void {
  const problem = (path: PropertyKey[], message: string, fix: string) => {
    context.addIssue({ code: 'custom', path, message, params: { fix } });
  };
  for (const [at, { kind }] of entry.connect.entries()) {
    if (BUILT_IN_KINDS.has(kind) || entry.hooks.includes('connect')) continue;
    const built = [...BUILT_IN_KINDS.keys()].join(', ');
    problem(['connect', at, 'kind'], `one of ${built}`, `a kind of your own needs the hook 'connect'`);
  }
  for (const at of repeatedAt(entry.connect.map(({ kind }) => kind)))
    problem(['connect', at, 'kind'], 'another kind than those before it', 'take one of the two out');
  for (const at of repeatedAt(entry.subTypes.map(({ type }) => type)))
    problem(['subTypes', at, 'type'], 'another name than those before it', 'take one of the two out');
  for (const at of repeatedAt(entry.hooks))
    problem(['hooks', at], 'another hook than those before it', 'take one of the two out');
  if (entry.userName !== undefined && entry.userPath === undefined)
    problem(['userName'], 'left out where there is no userPath', `'userPath' says where it is asked for`);
  if (entry.callouts !== undefined && entry.hooks.length === 0)
    problem(['callouts'], 'left out where there are no hooks', `'hooks' says what is answered there`);
}

/** The places of values that stand before already. */
function repeatedAt(values: readonly string[]): number[] {
  return values.flatMap((value, at) => (values.indexOf(value) < at ? [at] : []));
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
