import { z } from 'zod';
import { calloutsAbove } from './callout-rules.ts';
import { endpointTypesSchema } from './endpoint-type-schema.ts';
import { httpSchema } from './http-schema.ts';
import { middlewareSchema } from './middleware-schema.ts';
import { addProblem } from './own-problems.ts';
import { isReservedName } from './reserved-names.ts';
import { topicRuleSchema } from './topic-rule-schema.ts';

const PLUGIN_NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** A plugin's id. */
export const pluginName = z
  .string('a plugin name')
  .regex(PLUGIN_NAME, 'lower-case letters, digits and hyphens, beginning with a letter, at most 40')
  .refine((name) => !isReservedName(name), 'a name that the mesh does not use itself');

const argv = z
  .array(z.string().min(1, 'a program or argument'))
  .min(1, 'a program and its arguments')
  .describe('A program and its arguments, each one an element; no shell is involved.');

const manifestFields = z.strictObject({
  $schema: z.string().exactOptional().describe('Where editors find the schema of this file.'),
  name: pluginName.describe('Equals the folder; the URL segment.'),
  version: z.string().exactOptional().describe('Shown in the status and in the docs.'),
  title: z.string().exactOptional().describe('Shown in the status and in the docs.'),
  description: z.string().exactOptional().describe('Shown in the status and in the docs.'),
  requires: z
    .record(z.string().min(1), z.string().regex(/^>=\s*\d+(\.\d+)*$/, 'a least version like ">=3.9"'))
    .default({})
    .describe('Programs and least versions; not met: state skipped, with a hint.'),
  setup: z.array(argv).default([]).describe('Commands that run once before the first start.'),
  run: argv
    .default([])
    .describe('The command that starts the plugin, in its folder; only types without code need none.'),
  port: z.int().min(1).max(65_535).exactOptional().describe('Where it listens; a free port by default.'),
  instances: z.int().min(1).max(256).default(1).describe('Processes on this host.'),
  state: z
    .boolean()
    .default(false)
    .describe('It keeps files: it is given a folder of its own, PLUGMESH_STATE.'),
  http: httpSchema.prefault({}).describe('How the gateway serves the plugin.'),
  topics: z.array(topicRuleSchema).prefault([]).describe('Who may join its topics and push to them.'),
  middleware: middlewareSchema.exactOptional().describe('Looks at requests to other plugins.'),
  endpoints: endpointTypesSchema.exactOptional().describe('Endpoint types that the plugin provides.'),
  config: z
    .record(z.string(), z.unknown())
    .exactOptional()
    .describe('JSON Schema of the settings in [plugins.<name>.config].'),
  dependsOn: z.array(pluginName).default([]).describe('Plugins that must be ready before it is started.'),
});

/** The schema of `plugin.json`, with every default (contracts § 1.2). */
export const manifestSchema = manifestFields
  .refine(hasRoomForInstances, { path: ['instances'], error: '1, because "port" is fixed' })
  .superRefine(keepCalloutsClosed)
  .refine(runsOrNeedsNothing, {
    path: ['run'],
    error: 'a program and its arguments',
    params: {
      fix: 'only endpoint types without hooks need none, in a manifest without setup and middleware',
    },
    // Said together with whatever else is wrong.
    when: ({ value }) => typeof value === 'object' && value !== null,
  });

/** A manifest that may have been read in part only: what is wrong with the rest is said elsewhere. */
type Partly = { readonly [Name in keyof z.input<typeof manifestFields>]?: unknown };

function runsOrNeedsNothing({ run, endpoints, setup, middleware }: Partly): boolean {
  if (!isEmpty(run)) return true;
  const isDescription =
    Array.isArray(endpoints) && endpoints.every((type) => !hasHooks(Object(type) as object));
  return isDescription && isEmpty(setup) && middleware === undefined;
}

function hasHooks(type: { readonly hooks?: unknown }): boolean {
  return Array.isArray(type.hooks) && type.hooks.length > 0;
}

function isEmpty(list: unknown): boolean {
  return Array.isArray(list) && list.length === 0;
}

function keepCalloutsClosed(
  { http, endpoints }: z.output<typeof manifestFields>,
  context: z.RefinementCtx,
): void {
  for (const [at, { path }] of http.routes.entries()) {
    const callouts = calloutsAbove(path, endpoints);
    if (callouts === undefined) continue;
    addProblem(context, {
      path: ['http', 'routes', at, 'path'],
      expected: `outside of the callouts at '${callouts}'`,
      fix: 'nobody but the plugin `endpoints` gets there: take the rule out',
    });
  }
}

function hasRoomForInstances(manifest: { port?: number; instances: number }): boolean {
  return manifest.port === undefined || manifest.instances === 1;
}
