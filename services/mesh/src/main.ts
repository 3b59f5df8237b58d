import { createServer } from 'node:http';
import { join } from 'node:path';
import { loadConfig, processEnvironment } from '@plugmesh/shared/config';
import { IdentityTokens, loadSecrets } from '@plugmesh/shared/identity';
import { Lifecycle, runProcess } from '@plugmesh/shared/lifecycle';
import { createLog } from '@plugmesh/shared/log';
import { Pm2 } from '@plugmesh/shared/processes';
import { closeRedis, connectRedis } from '@plugmesh/shared/redis';
import { Control } from './control.ts';
import { createControlRoutes } from './control-routes.ts';
import { DocumentWriter } from './document-writer.ts';
import { GatewayReports } from './gateway-reports.ts';
import { HistoryLoader } from './history-loader.ts';
import { Lease } from './lease.ts';
import { MeshFiles } from './mesh-files.ts';
import { PluginObserver } from './plugin-observer.ts';
import { ProcessKeeper } from './process-keeper.ts';
import { ProcessList } from './process-list.ts';
import { RedisUsers } from './redis-users.ts';
import { Registrations } from './registrations.ts';
import { Reloader } from './reloader.ts';
import { StartGate } from './start-gate.ts';

const config = loadConfig();
const log = createLog({ name: 'mesh', level: config.logLevel, mode: config.mode });

// pm2 tells what it runs where it lives; without that, something else starts the processes.
const pm2Home = processEnvironment()['PM2_HOME'];
const pm2 = pm2Home === undefined ? undefined : new Pm2(config, pm2Home);
const redis = connectRedis(config.redisUrl ?? 'redis://127.0.0.1:2348', {
  name: 'mesh',
  log,
  lazy: true,
  queue: false,
});
const secrets = loadSecrets(config);
const users = new RedisUsers(redis, { config, secrets, log });
const files = new MeshFiles(log);
const registrations = new Registrations({ file: join(config.stateDir, 'registrations.json') });
const processes = new ProcessList(pm2, log);
const gate = new StartGate(log);
const reloader: Reloader = new Reloader({
  pm2,
  list: processes,
  gate,
  files,
  announce: (): Promise<boolean> => control.announce(),
  log,
});
const control: Control = new Control({
  files,
  registrations,
  processes,
  keeper: new ProcessKeeper({
    pm2,
    list: processes,
    reloader,
    files,
    isReady: (id) => control.isReady(id),
    log,
  }),
  observer: new PluginObserver(),
  gate,
  reloader,
  lease: new Lease(redis, `${process.pid}-${crypto.randomUUID()}`, log),
  writer: new DocumentWriter(redis, log),
  history: new HistoryLoader(redis, log),
  users,
  log,
});
const server = createServer(
  createControlRoutes({
    control,
    registrations,
    processes,
    reports: new GatewayReports(),
    secrets,
    redisRights: () => users.rights,
    tokens: new IdentityTokens(secrets),
    files: () => files.content,
    isRedisConnected: () => redis.status === 'ready',
    log,
  }),
);

await runProcess(
  new Lifecycle({
    name: 'mesh',
    log,
    steps: [
      {
        name: 'redis',
        // It goes on trying in the background: a mesh without Redis still answers, and says that it is degraded.
        start: () => void redis.connect().catch(() => undefined),
        stop: () => closeRedis(redis),
      },
      { name: 'control', start: () => control.start(), stop: () => control.stop() },
      {
        name: 'http',
        start: () =>
          new Promise<void>((resolve, reject) => {
            server.once('error', reject).listen(config.mesh.port, config.mesh.host, resolve);
          }),
        stop: () =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      },
    ],
  }),
);
