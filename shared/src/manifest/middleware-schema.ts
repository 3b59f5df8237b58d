import { z } from 'zod';

const path = z.string().regex(/^\/[^\s?#]*$/, 'a path that begins with /');
const headerNames = z.array(z.string().regex(/^[A-Za-z0-9-]+$/, 'the name of a header')).default([]);

/** `middleware` of a manifest (contracts § 1.5). */
export const middlewareSchema = z.strictObject({
  phase: z.enum(['public', 'session']).describe('Before the guard, or after it.'),
  path: path.describe('What the gateway asks.'),
  order: z.number().default(100).describe('Place in the chain; ties by name.'),
  match: z.array(path).default(['/']).describe('Prefixes of paths that it sees.'),
  timeoutMs: z.int().min(1).max(60_000).default(500).describe('Time to answer.'),
  onError: z.enum(['deny', 'allow']).default('deny').describe('When it does not answer.'),
  setRequest: headerNames.describe('Headers of its answer that the plugin gets.'),
  setResponse: headerNames.describe('Headers of its answer that the client gets.'),
});
