import { z } from 'zod';

const path = z.string().regex(/^\/[!"$->@-~]*$/, 'a path that begins with /, in ASCII');

/** What belongs to one hop, frames a body, or is a handshake's: nobody but gateway and HTTP library may say it. */
const FRAMING =
  'connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|host|sec-websocket-.*|x-request-id|x-plugmesh-.*';
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
  const isReserved = new RegExp(`^(?:${FRAMING}|${reserved})$`, 'i');
  const name = z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'the name of a header')
    .refine((each) => !isReserved.test(each), 'a header that is not for the gateway alone to say');
  return z.array(name).default([]);
}
