import { json, Router, urlencoded, type Request, type Response } from 'express';
import { MeshError } from '../../errors/index.ts';
import type { BasePlugin, Reply } from './base-plugin.ts';
import { requestData } from './request-data.ts';

/** Answers every request with what a class's handler returns. */
export function answerClass(plugin: BasePlugin, maxBody: number): Router {
  const router = Router();
  // A form's names are taken as they are: `a[b]` is a name.
  router.use(json({ limit: maxBody, strict: false }), urlencoded({ limit: maxBody, extended: false }));
  router.use(async (request: Request, response: Response) => {
    const [code, body] = parseReply(await plugin.requestHandler(requestData(request)));
    response.status(code);
    if (typeof body === 'string') response.type('text/plain').send(body);
    else response.type('application/json').send(JSON.stringify(body ?? null));
  });
  return router;
}

/** The author's mistake, not the client's: a 500, and in the log what was returned instead. */
function parseReply(reply: unknown): Reply {
  if (!Array.isArray(reply) || reply.length !== 2)
    throw new MeshError('MESH_INTERNAL', 'the handler did not return [code, body]');
  const [code, body] = reply as [unknown, unknown];
  if (typeof code === 'number' && Number.isInteger(code) && code >= 200 && code <= 599) return [code, body];
  throw new MeshError(
    'MESH_INTERNAL',
    `the handler returned the code '${String(code)}', which is no HTTP status`,
  );
}
