import { ANONYMOUS, IDENTITY_HEADER, type IdentityTokens } from '../../identity/index.ts';
import type { Identify } from '../plugin-identity.ts';

/** Verifies tokens as a plugin does, with keys that need not be fetched. */
export function createLocalIdentify(plugin: string, tokens: IdentityTokens): Identify {
  return async ({ headers }) => {
    const token = headers[IDENTITY_HEADER];
    return token === undefined ? ANONYMOUS : tokens.verify(String(token), plugin);
  };
}
