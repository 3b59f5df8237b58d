import express, {
  type Express,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import { MeshError } from '../../errors/index.ts';
import type { Log } from '../../log/index.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { healthAnswer, isServing, type PluginHealth } from './health.ts';
import { answerErrors, sendProblem, unavailable } from './problems.ts';

/** What a plugin's app is made of. */
export interface AppParts {
  readonly manifest: Manifest;
  readonly log: Log;
  readonly health: () => PluginHealth;
  readonly openapi: Readonly<Record<string, unknown>> | undefined;
  readonly routers: Routers;
  /** What the paths of requests begin with: nothing, where the gateway takes its prefix away. */
  readonly prefix: string;
}

/** What an author adds routes to. */
export interface Routers {
  readonly router: Router;
  readonly session: Router;
  readonly admin: Router;
}

/** A plugin's HTTP side: health, API description, the author's routers, and problem documents for the rest. */
export function createApp({ manifest, log, health, openapi, routers, prefix }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get(manifest.http.health, (_request, response) => {
    const { status, headers, body } = healthAnswer(health());
    response.status(status).set(headers).send(body);
  });
  if (openapi && manifest.http.openapi !== false)
    app.get(manifest.http.openapi, (_request, response) => void response.json(openapi));
  app.use(refuseUnlessServing(manifest.name, health));
  // What is public under /v1 is answered before the guards of the others look.
  app.use(prefix, routers.router);
  app.use(`${prefix}/v1/admin`, routers.admin);
  app.use(`${prefix}/v1`, routers.session);
  app.use((request: Request, response: Response) => {
    const error = new MeshError('MESH_NOT_FOUND', `${request.method} ${request.path} is not here`);
    sendProblem(request, response, error, manifest.name);
  });
  app.use(answerErrors(manifest.name, log));
  return app;
}

function refuseUnlessServing(plugin: string, health: () => PluginHealth): RequestHandler {
  return (request, response, next) => {
    const now = health();
    if (isServing(now)) next();
    else sendProblem(request, response, unavailable(plugin, now), plugin);
  };
}
