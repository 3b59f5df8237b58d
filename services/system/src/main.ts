import { definePlugin } from '@plugmesh/sdk';
import { openapi } from './openapi.ts';
import { SystemMonitor } from './system-monitor.ts';

const monitor = new SystemMonitor();

definePlugin({
  openapi,
  setup({ router, subscribe, service, publish, log }) {
    router.get('/', (_request, response) => void response.json(monitor.report()));
    router.get('/net', (_request, response) => void response.json(monitor.interfaces()));
    service('monitor', (signal) => monitor.run(publish, signal));
    subscribe('from:system:echo', async (message) => {
      const nonce = echoNonce(message.json());
      if (nonce === undefined) log.debug('an echo without a nonce');
      else await publish('system', 'echo_result', { nonce });
    });
  },
});

/** The nonce of a push `{"nonce": …}`, which comes from any browser: text or a number, of a length worth repeating. */
function echoNonce(payload: unknown): string | number | undefined {
  const { nonce } = (payload ?? {}) as { nonce?: unknown };
  if (typeof nonce === 'number') return nonce;
  return typeof nonce === 'string' && nonce.length <= 255 ? nonce : undefined;
}
