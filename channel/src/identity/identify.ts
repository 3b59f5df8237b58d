import type { IncomingMessage } from 'node:http';
import { ANONYMOUS, IDENTITY_HEADER, type Identity, type IdentityTokens } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';

/** Whom the gateway's tokens for us are made out to. */
const AUDIENCE = 'channel';

/** Who is behind a request; a promise only where there is a token to verify. */
export type Identify = (request: IncomingMessage) => Promise<Identity> | Identity;

/** Believes the gateway's token and nothing else. Whoever comes without one, or with a bad one, is nobody. */
export function createIdentify(tokens: Pick<IdentityTokens, 'verify'>, log: Pick<Log, 'info'>): Identify {
  return ({ headers }) => {
    const token = headers[IDENTITY_HEADER];
    if (token === undefined) return ANONYMOUS;
    return tokens.verify(String(token), AUDIENCE).catch((error: unknown) => {
      log.info({ err: error }, 'an identity token does not count');
      return ANONYMOUS;
    });
  };
}
