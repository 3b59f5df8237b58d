import { z } from 'zod';
import { HEADER_NAME, isReservedHeader } from './header-names.ts';

const path = z.string().regex(/^\/[!"$->@-~]*$/, 'a path that begins with /, in ASCII');

/** What the gateway says to plugins. Who somebody is may also be called `X-Forwarded-User`, as some logins do. */
const SAID_TO_PLUGINS =
  'content-.*|via|forwarded|traceparent|tracestate|x-real-ip|x-original-.*|x-rewrite-url|x-forwarded-(?!(?:user|email|groups|preferred-username|access-token)$).*';
/** What belongs to the body, to the origin that all plugins share, or to CORS, which is the gateway's. */
const SAID_TO_CLIENTS =
  'content-(?!security-policy).*|access-control-.*|server|x-powered-by|clear-site-data|service-worker-allowed';

/** `middleware` of a manifest (contracts § 1.5). */
export const middlewareSchema = z.strictObject({
  phase: z.enum(['public', 'session']).describe('Before the guard, or after it.'),
  path: path.describe('What the gateway asks.'),
  order: z.number().default(100).describe('Place in the chain; ties by name.'),
  match: z.array(path).default(['/']).describe('Prefixes of paths that it sees.'),
  timeoutMs: z.int().min(1).max(60_000).default(500).describe('Time to answer.'),
  onError: z.enum(['deny', 'allow']).default('deny').describe('When it does not answer.'),
  setRequest: headerNames(SAID_TO_PLUGINS).describe('Headers of its answer that the plugin gets.'),
  setResponse: headerNames(SAID_TO_CLIENTS).describe('Headers of its answer that the client gets.'),
});

function headerNames(reserved: string) {
  const name = z
    .string()
    .regex(HEADER_NAME, 'the name of a header')
    .refine((each) => !isReservedHeader(each, reserved), 'a header that is not for the gateway alone to say');
  return z.array(name).default([]);
}
