import { writeOverride } from '@plugmesh/shared/config';
import { MeshError, PROBLEM_TYPE, problemDocument } from '@plugmesh/shared/errors';
import { bearerToken, type Secrets, verifyPluginToken } from '@plugmesh/shared/identity';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { Askers, type AskersOptions } from './askers.ts';
import type { Control } from './control.ts';
import { endpointTypesView } from './endpoint-types.ts';
import type { GatewayReports } from './gateway-reports.ts';
import type { MeshFilesContent } from './mesh-files.ts';
import type { ProcessList } from './process-list.ts';
import type { RedisRights } from './redis-users.ts';
import { REGISTRATION_MS, type Registrations } from './registrations.ts';
import { readRegistration } from './registry-request.ts';
import { pluginsView, statusView, type TrafficOf } from './status.ts';

/** What the routes need. */
export interface ControlRoutesOptions extends AskersOptions {
  readonly control: Control;
  readonly registrations: Registrations;
  readonly processes: ProcessList;
  readonly reports: GatewayReports;
  /** The newest configuration and manifests. */
  readonly files: () => MeshFilesContent;
  readonly isRedisConnected: () => boolean;
  /** What keeps plugins apart in Redis, once it is known. */
  readonly redisRights: () => RedisRights | undefined;
}

/** The `/mesh/*` routes and the process's own health (reference: docs/reference/mesh-api.md). */
export function createControlRoutes(options: ControlRoutesOptions): Express {
  const askers = new Askers(options);
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '256kb' }));
  addHealth(app, options);
  addViews(app, options, askers);
  addSwitches(app, options, askers);
  addRegistry(app, options);
  app.use((req) => {
    throw new MeshError('MESH_NOT_FOUND', `nothing is at '${req.method} ${req.path}'`);
  });
  app.use(problemHandler(options));
  return app;
}

/** The process's own health. */
function addHealth(app: Express, { control, isRedisConnected }: ControlRoutesOptions): void {
  app.get('/healthz', (_req, res) => void res.json({ state: 'ready' }));
  app.get('/readyz', (_req, res) => {
    const connected = isRedisConnected();
    res
      .status(connected ? 200 : 503)
      .json({ state: connected ? 'ready' : 'degraded', leading: control.isLeading });
  });
}

/** What the mesh looks like, and what gateways say of it. */
function addViews(app: Express, options: ControlRoutesOptions, askers: Askers): void {
  const { control, processes, reports, isRedisConnected, redisRights } = options;
  app.get('/mesh/plugins', async (req, res) => {
    const trafficOf: TrafficOf = (plugin, url) => reports.traffic(plugin, url);
    res.json(pluginsView(control.document, await askers.of(req), trafficOf));
  });
  app.get('/mesh/endpoint-types', async (req, res) => {
    await askers.requirePlugin(req);
    res.json(endpointTypesView(control.document));
  });
  app.put('/mesh/gateways/:gateway', (req, res) => {
    if (!askers.isOperator(req)) throw new MeshError('MESH_UNAUTHORIZED', 'only gateways say this');
    reports.accept(req.params.gateway, req.body);
    res.status(204).end();
  });
  app.get('/mesh/status', async (req, res) => {
    const viewer = await askers.of(req);
    const status = {
      document: control.document,
      isLeading: control.isLeading,
      isRedisConnected: isRedisConnected(),
      redisRights: redisRights(),
      // A stranger cannot make us call pm2 more often than once in a while.
      processes: await processes.current(viewer.isInCharge ? 500 : 5000),
    };
    res.json(statusView(status, viewer));
  });
}

function addSwitches(app: Express, options: ControlRoutesOptions, askers: Askers): void {
  const { control, files, isRedisConnected } = options;
  const setEnabled = (enabled: boolean) => async (req: Request<{ id: string }>, res: Response) => {
    const { id } = req.params;
    await askers.permit(req, enabled ? 'enable' : 'disable', id);
    if (!control.document.plugins.some((plugin) => plugin.id === id)) {
      throw new MeshError('MESH_PLUGIN_UNKNOWN', `no plugin is named '${id}'`);
    }
    writeOverride(files().config.stateDir, id, enabled);
    await control.apply();
    const plugin = control.document.plugins.find((each) => each.id === id);
    res.json({ id, enabled, state: plugin?.state, version: control.document.version });
  };
  app.post('/mesh/plugins/:id/enable', setEnabled(true));
  app.post('/mesh/plugins/:id/disable', setEnabled(false));
  app.post('/mesh/plugins/:id/reload', async (req, res) => {
    const { id } = req.params;
    await askers.permit(req, 'reload', id);
    if (!isRedisConnected())
      throw new MeshError('MESH_REDIS_UNAVAILABLE', 'gateways could not be told of new instances', {
        fix: 'Try again when Redis is back.',
      });
    const reloaded = await control.reload(id);
    const plugin = control.document.plugins.find((each) => each.id === id);
    res.json({
      id,
      state: plugin?.state,
      version: control.document.version,
      ...(reloaded ?? { how: 'start' }),
    });
  });
}

function addRegistry(app: Express, options: ControlRoutesOptions): void {
  const { control, registrations, files, log } = options;
  app.put('/mesh/registry/:plugin/:instance', async (req, res) => {
    const { plugin, instance } = req.params;
    requirePlugin(req, plugin, options.secrets);
    const registration = await readRegistration(plugin, instance, req.body, files());
    if (registrations.register(registration)) {
      log.info({ plugin, instance, url: registration.url }, 'registered');
      await control.refresh();
    }
    res.json({ plugin, instance, expiresInMs: REGISTRATION_MS, version: control.document.version });
  });
  app.delete('/mesh/registry/:plugin/:instance', async (req, res) => {
    const { plugin, instance } = req.params;
    requirePlugin(req, plugin, options.secrets);
    if (registrations.deregister(plugin, instance)) {
      log.info({ plugin, instance }, 'deregistered');
      await control.refresh();
    }
    res.status(204).end();
  });
}

/** A plugin may speak for itself only. */
function requirePlugin(req: Request, plugin: string, secrets: Secrets): void {
  const token = bearerToken(req.get('authorization'));
  const holder = token === undefined ? undefined : verifyPluginToken(secrets, token);
  if (holder === plugin) return;
  if (holder === undefined) {
    throw new MeshError('MESH_UNAUTHORIZED', 'this needs the plugin’s own token', {
      fix: 'Send Authorization: Bearer with the PLUGMESH_TOKEN that the process was given.',
    });
  }
  throw new MeshError('MESH_FORBIDDEN', `the token of '${holder}' does not speak for '${plugin}'`);
}

function problemHandler({ control, log }: ControlRoutesOptions): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const problem = toMeshError(error);
    if (problem.status >= 500) log.error({ err: error }, 'a request failed');
    const requestId = req.get('x-request-id');
    const expose = control.document.mode === 'development';
    res.status(problem.status).type(PROBLEM_TYPE).json(problemDocument(problem, { requestId, expose }));
  };
}

/** What body parsing throws carries its own status; anything else that is not ours is a fault of ours. */
function toMeshError(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  const status = (error as { status?: unknown }).status;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new MeshError('MESH_BAD_REQUEST', 'the body is not JSON, or larger than 256 KiB', {
      cause: error,
    });
  }
  return new MeshError('MESH_INTERNAL', 'the request could not be answered', { cause: error });
}
