import type { Server, ServerResponse } from 'node:http';
import { connect, Server as NetServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Pause between two looks at whether another process serves the address. */
const LOOK_MS = 200;
/** Long against the moment between an answer and the next request, short against a drain. */
const SWEEP_MS = 500;

/**
 * Ends an HTTP server without losing a request that is on its way: new connections go elsewhere, and the next answer on
 * a kept one says `Connection: close`. Connections that stay silent are closed after half of the time when another process
 * serves the same address, as in a reload; else at once, because nobody could serve their next request. Resolves when
 * every connection is closed, or after `drainMs`, when the rest is cut.
 */
export async function drainServer(server: Server, drainMs: number): Promise<void> {
  if (!server.listening) return;
  const address = server.address() as AddressInfo;
  const { promise: closed, resolve } = Promise.withResolvers<unknown>();
  const ended = new AbortController();
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    if (server.listenerCount(event) > 0) server.prependListener(event, lastAnswer);
  }
  // http.Server's own close() would also close the idle connections, some of them under a request that is arriving.
  NetServer.prototype.close.call(server, resolve);
  const { signal } = ended;
  const deadline = delay(drainMs, undefined, { signal });
  const idle = closeIdle(server, { address, drainMs, signal });
  // Both end by the abort when everything is closed before.
  await Promise.race([closed, ...[deadline, idle].map((each) => each.catch(() => undefined))]);
  ended.abort();
  server.closeAllConnections();
}

function lastAnswer(_request: unknown, response: ServerResponse): void {
  response.shouldKeepAlive = false;
}

async function closeIdle(
  server: Server,
  { address, drainMs, signal }: { address: AddressInfo; drainMs: number; signal: AbortSignal },
): Promise<void> {
  const patientUntil = performance.now() + drainMs / 2;
  while (performance.now() < patientUntil && (await isServed(address))) {
    await delay(LOOK_MS, undefined, { signal });
  }
  for (;;) {
    server.closeIdleConnections();
    await delay(SWEEP_MS, undefined, { signal });
  }
}

/** Whether somebody accepts connections there. */
async function isServed({ address, port }: AddressInfo): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: address, port });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
