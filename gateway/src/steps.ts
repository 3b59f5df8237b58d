import type { Config } from '@plugmesh/shared/config';
import { bearerToken, isOperator, verifyPluginToken, type Secrets } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { MeshDocument, MiddlewareRule } from '@plugmesh/shared/mesh-document';
import type { Access } from './access/access.ts';
import { ConfiguredKeys } from './access/configured-keys.ts';
import { createCredentialsStep } from './access/credentials.ts';
import { createGuardStep } from './access/guard.ts';
import { CorsPolicy } from './http/cors.ts';
import type { IdentitySteps } from './identity/identity-steps.ts';
import type { LoadShedder } from './load-shedder.ts';
import { createChain, type ChainParts } from './middleware/chain.ts';
import type { Metrics } from './own/metrics.ts';
import type { Rates } from './rates/rates.ts';
import { refuseClosed, refuseInvalid } from './routes/closed-routes.ts';
import type { Route } from './routes/route.ts';
import type { Step } from './visit.ts';

/** What steps are made of besides the document. */
export interface StepParts {
  readonly config: Config;
  readonly log: Log;
  readonly secrets: Secrets;
  readonly access: Access;
  readonly rates: Rates;
  readonly metrics: Metrics;
  readonly shedder: LoadShedder;
  readonly identity: IdentitySteps;
  /** All routes of the document. */
  readonly routes: readonly Route[];
}

/** What visits have to pass, in order: the list that the gateway is. */
export function createSteps(document: MeshDocument, parts: StepParts): readonly Step[] {
  const { config, secrets, access, rates, shedder, identity } = parts;
  const { apiKey, apiKeyInQuery, cors } = config.gateway;
  const keys = new ConfiguredKeys(apiKey, document);
  const chainParts = chainPartsOf(parts);
  const chain = (phase: MiddlewareRule['phase']): Step | undefined =>
    createChain(
      document.middleware.filter((rule) => rule.phase === phase),
      chainParts,
    );
  const steps = [
    shedder.check,
    rates.countAddress,
    createCredentialsStep({ secrets, keys, inQuery: apiKeyInQuery }),
    chain('public'),
    refuseInvalid,
    createGuardStep({ access, cors: new CorsPolicy(cors) }),
    rates.countIdentity,
    identity.actFor,
    refuseClosed,
    chain('session'),
    identity.tell,
  ];
  return steps.filter((step) => step !== undefined);
}

/** Whether an `Authorization` header is a plugin's own token. */
export function isPluginToken(secrets: Secrets, authorization: string): boolean {
  return verifyPluginToken(secrets, bearerToken(authorization) ?? '') !== undefined;
}

function chainPartsOf({ config, log, secrets, metrics, identity, routes }: StepParts): ChainParts {
  const { middlewareMs, headers } = config.gateway.limits;
  return {
    log,
    metrics,
    routes,
    budgetMs: middlewareMs,
    maxHead: headers,
    tellsTiming: config.mode === 'development',
    isMeshToken: (authorization) =>
      isPluginToken(secrets, authorization) || isOperator(secrets, authorization),
    identityHeaders: (who, plugin) => identity.headersFor(who, plugin),
  };
}
