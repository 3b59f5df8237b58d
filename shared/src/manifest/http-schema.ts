import { z } from 'zod';
import { isReservedPath } from './reserved-names.ts';
import { size } from './units.ts';

/** Who may pass, from open to closed. */
export const GUARDS = ['public', 'key', 'session', 'admin'] as const;

/** A guard by its name. */
export const guard = z.enum(GUARDS);

/** A guard of a route: also for plugins alone. */
export const routeGuard = z.enum([...GUARDS, 'none']);

const SEGMENT = "[A-Za-z0-9._~!$&'()+,;=:@%-]+";

/** A path of one segment that is not the mesh's own. */
export const alias = z
  .string()
  .regex(/^\/[A-Za-z0-9][A-Za-z0-9._~-]*$/, 'one segment like "/ships"')
  .refine((path) => !isReservedPath(path), 'a path that the mesh does not use itself');

const pattern = z
  .string()
  .regex(
    new RegExp(`^/$|^(/(${SEGMENT}|\\*))*(/\\*\\*|/(${SEGMENT}|\\*)/?)$`),
    'a path of literal segments, "*" for one segment, and "**" at the end for the rest',
  );

const timeoutMs = z.int().min(1).max(86_400_000, 'at most a day, 86400000 milliseconds');
const bytes = z
  .union([z.int().min(0), size], 'a number of bytes, or a size like "10MiB"')
  .describe('Bytes, or a size like "10MiB".');

const path = z.string().regex(/^\/[^\s?#]*$/, 'a path that begins with /');

const pluginOrAll = z.string().regex(/^(\*|[a-z][a-z0-9-]{0,39})$/, 'the name of a plugin, or "*"');

const route = z.strictObject({
  path: pattern.describe('Literal segments, * one segment, ** the rest; the most specific wins.'),
  methods: z
    .array(z.string().regex(/^[A-Z]+$/, 'a method in capitals like "GET"'))
    .min(1)
    .exactOptional()
    .describe('All methods by default; GET includes HEAD.'),
  guard: routeGuard.describe('Who may pass on this route; none: only the plugins that it names.'),
  timeoutMs: timeoutMs.exactOptional().describe('Instead of http.timeoutMs.'),
  maxBody: bytes.exactOptional().describe('Instead of http.maxBody.'),
  maxResponse: bytes.exactOptional().describe('Instead of http.maxResponse.'),
  plugins: z
    .array(pluginOrAll)
    .exactOptional()
    .describe('Plugins whose own calls may use this route; *: those of every plugin.'),
});

/** `http` of a manifest. */
export const httpSchema = z.strictObject({
  aliases: z.array(alias).default([]).describe('Further paths of one segment, beside /api/<name>.'),
  stripPrefix: z.boolean().default(true).describe('The plugin sees its paths without /api/<name>.'),
  guard: guard.default('session').describe('Who may pass, for all routes without a rule.'),
  routes: z.array(route).prefault([]).describe('Rules for paths under the prefix.'),
  html: z
    .enum(['sandbox', 'trusted'])
    .default('sandbox')
    .describe('Whether HTML answers are put in a sandbox, because they share the origin of the mesh.'),
  openapi: z
    .union([path, z.literal(false)], 'a path that begins with /, or false')
    .default('/openapi.json')
    .describe('Where the description of its API is; false: there is none.'),
  health: path.default('/healthz').describe('Answers 2xx when the plugin is ready.'),
  timeoutMs: timeoutMs.default(30_000).describe('Until the head of the response; idle time after that.'),
  maxBody: bytes.prefault('10MiB').describe('Largest request body: bytes, or a size like "10MiB".'),
  maxResponse: bytes
    .exactOptional()
    .describe('Largest body of an answer; without it any size. Not of event streams.'),
});

/** How a plugin without a manifest is served. */
export const manifestHttpDefaults = httpSchema.parse({});
