import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@plugmesh/shared/testing';
import type { GatewayFault } from './play-gateway.ts';

const WRONG_MS = 10_000;

/** Those that are on their way at one instance when it dies: 5 ms of work at 25 requests a second. */
const UNDER_WAY = 3;
/** Until an instance is ejected, and those that are under way then. */
const UNTIL_EJECTED = 5 + UNDER_WAY;

const pluginKilled: GatewayFault = {
  name: 'plugin-killed',
  what: 'three times one of two instances is killed (-9) and started again 2 s later',
  mayFail: { post: 3 * UNDER_WAY },
  async cause({ instances: [, instance] }): Promise<undefined> {
    for (let times = 0; times < 3; times++) {
      await instance.kill();
      await delay(2000);
      await instance.resume();
      await delay(3000);
    }
  },
};

const pluginPaused: GatewayFault = {
  name: 'plugin-paused',
  what: 'one of two instances stands still for 20 s (SIGSTOP, SIGCONT)',
  // What is stuck there is answered when it goes on, unless the plugin first finds that its connection was idle for too long.
  mayFail: { post: 20 },
  longestStall: 21,
  async cause({ instances: [, instance] }): Promise<undefined> {
    instance.signal('SIGSTOP');
    await delay(20_000).finally(() => instance.signal('SIGCONT'));
  },
};

const pluginGarbage: GatewayFault = {
  name: 'plugin-garbage',
  what: 'one of two instances answers what is not HTTP for 10 s',
  mayFail: { post: UNTIL_EJECTED },
  async cause({ instances: [, instance] }): Promise<undefined> {
    await instance.does('garbage');
    await delay(WRONG_MS);
    await instance.does('well');
  },
};

const pluginHalf: GatewayFault = {
  name: 'plugin-half',
  what: 'one of two instances closes in the middle of its answers for 10 s',
  mayFail: { get: UNTIL_EJECTED, post: UNTIL_EJECTED },
  async cause({ instances: [, instance] }): Promise<undefined> {
    await instance.does('half an answer');
    await delay(WRONG_MS);
    await instance.does('well');
  },
};

const gatewayRedisKilled: GatewayFault = {
  name: 'gateway-redis-killed',
  what: 'Redis is killed (-9) and comes back after 5 s; then the mesh document changes',
  async cause({ redis }): Promise<undefined> {
    await redis.kill();
    await delay(5000);
    await redis.resume();
  },
  async afterwards(stage) {
    const beganAt = performance.now();
    await stage.publish(2, [{ id: 'new', urls: [stage.neighbour.url] }]);
    await eventually(async () => {
      const { status } = await fetch(`${stage.origin}/api/new/item?n=1`);
      assert.equal(status, 200);
      return true;
    });
    return { secondsUntilChanged: Math.round(performance.now() - beganAt) / 1000 };
  },
};

/** What goes wrong behind a gateway, in the order in which it is played. */
export const GATEWAY_FAULTS: readonly GatewayFault[] = [
  pluginKilled,
  pluginPaused,
  pluginGarbage,
  pluginHalf,
  gatewayRedisKilled,
];
