import { MeshError, type PluginContext, type Reach } from '@plugmesh/sdk';
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { chooseSource } from './choose-source.ts';
import { readAnswer, type ReadAnswer } from './read-answer.ts';
import { restrictQuery } from './restrict-query.ts';
import { seenEndpoints } from './seen-endpoints.ts';
import { findSources } from './sources.ts';

const instant = z.object({ query: z.string().min(1), time: z.string().optional() });
const range = z.object({ query: z.string().min(1), start: z.string(), end: z.string(), step: z.string() });

/** The two queries of Prometheus' API that are passed on, and what of a request goes with them. */
const QUERIES = { query: instant, query_range: range } as const;

type Api = keyof typeof QUERIES;
type Parts = Pick<PluginContext, 'session' | 'admin' | 'call' | 'reach'>;

/** Queries about one endpoint for whoever sees it, and without that limit for administrators. */
export function addQueryRoutes({ session, admin, call, reach }: Parts): void {
  for (const api of Object.keys(QUERIES) as Api[]) {
    addRoute(session, `/endpoints/:guid/${api}`, async (request, guid) => {
      const asked = parametersOf(api, request);
      const endpoints = await seenEndpoints(call, request);
      const at = (prometheus: string): Reach => reach(prometheus, request);
      if (!endpoints.some((each) => each.guid === guid)) throw unknown(guid);
      const sources = (await findSources(endpoints, at))[guid] ?? [];
      const { prometheus, labels } = chooseSource(sources, request.query);
      return ask(at(prometheus), api, { ...asked, query: restrictQuery(asked.query, labels) });
    });
    addRoute(admin, `/prometheus/:guid/${api}`, async (request, guid) =>
      ask(reach(guid, request), api, parametersOf(api, request)),
    );
  }
}

type Answering = (request: Request, guid: string) => Promise<ReadAnswer>;

function addRoute(router: Router, path: string, answer: Answering): void {
  router.get(path, async (request: Request, response: Response) => {
    const { status, body } = await answer(request, String(request.params['guid']));
    // Prometheus says in JSON what is wrong with a query, too.
    response.status(status).type('json').send(body);
  });
}

function ask(reach: Reach, api: Api, parameters: Record<string, string | undefined>): Promise<ReadAnswer> {
  const given = Object.entries(parameters).filter((each): each is [string, string] => each[1] !== undefined);
  return readAnswer(reach, `/api/v1/${api}?${new URLSearchParams(given).toString()}`);
}

function parametersOf(api: Api, { query }: Request): z.infer<typeof instant> | z.infer<typeof range> {
  const parsed = QUERIES[api].safeParse(query);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => `'${path.join('.')}'`).join(', ');
  throw new MeshError('MESH_BAD_REQUEST', `these parameters are missing, or there more than once: ${names}`, {
    fix: "They are those of Prometheus' HTTP API.",
  });
}

function unknown(guid: string): MeshError {
  return new MeshError('MESH_ENDPOINT_UNKNOWN', `there is no endpoint '${guid}'`);
}
