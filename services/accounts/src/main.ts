import { definePlugin, MeshError } from '@plugmesh/sdk';
import { json } from 'express';
import { FirstAdministrator } from './accounts/first-administrator.ts';
import { KeyKeeper } from './accounts/key-keeper.ts';
import { SignIn } from './accounts/sign-in.ts';
import { UserDesk } from './accounts/user-desk.ts';
import { Callers } from './caller.ts';
import { InStep } from './in-step.ts';
import { openapi } from './openapi.ts';
import { Passwords } from './passwords.ts';
import { Attempts } from './records/attempts.ts';
import { KeyRecords } from './records/key-records.ts';
import { RedisPart } from './records/redis-part.ts';
import { SessionRecords } from './records/session-records.ts';
import { addKeyRoutes, addKeyRoutesOfUsers } from './routes/key-routes.ts';
import { addPages } from './routes/pages.ts';
import { addSessionRoutes } from './routes/session-routes.ts';
import { addUserRoutes } from './routes/user-routes.ts';
import { settings } from './settings.ts';
import { openStore } from './store/store.ts';

definePlugin({
  openapi,
  config: settings,
  async setup({ id, router, config, log, redis, stateDir, identify, token, service, onStop }) {
    if (!redis) throw new MeshError('MESH_REDIS_MISSING', 'sessions are kept in Redis: set REDIS_URL');
    const store = await openStore({ url: config.databaseUrl, stateDir });
    onStop(() => store.close());

    const inStep = new InStep({ redis, written: `${id}:written`, log });
    const part = new RedisPart({ redis, id, onFailure: () => inStep.due() });
    const sessions = new SessionRecords(part, config);
    const keys = new KeyKeeper(store, new KeyRecords(part));
    const desk = new UserDesk({ store, sessions, keys, linkMs: config.linkMs });
    const first = new FirstAdministrator(store, desk, stateDir);
    await first.invite();

    const signIn = new SignIn({
      store,
      passwords: new Passwords(config.passwordLength),
      sessions,
      attempts: new Attempts(part),
      onLinkUsed: () => first.forget(),
    });
    const callers = new Callers({ identify, token });
    addPages(router);
    router.use('/v1', json(), (_request, response, next) => {
      response.set('Cache-Control', 'no-store');
      next();
    });
    addSessionRoutes(router, { callers, signIn, sessions });
    addKeyRoutes(router, { callers, keys, store });
    addKeyRoutesOfUsers(router, { callers, keys, store, log });
    addUserRoutes(router, { callers, desk, log });

    const bringUp = (): Promise<void> => desk.bringUp(Date.now() - config.lifeMs);
    service('in step with Redis', (signal) => inStep.run(bringUp, signal));
  },
});
