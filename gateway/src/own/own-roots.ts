import type { Router } from 'express';
import type { ServerResponse } from 'node:http';
import type { GatewayRequest } from '../http/gateway-request.ts';
import type { Target } from '../http/path.ts';
import { createPages } from './pages.ts';
import { createProbes, type ProbeParts } from './probes.ts';

/** Serves one request to an address that is the gateway's own. */
export type OwnRoots = (req: GatewayRequest, res: ServerResponse, target: Target) => void;

/** What is served at the gateway's own addresses. */
export interface OwnParts extends ProbeParts {
  readonly docs: Router;
}

/** Probes directly, everything else by Express: pages, and a problem document for what does not exist. */
export function createOwnRoots(parts: OwnParts): OwnRoots {
  const probes = createProbes(parts);
  const pages = createPages(parts.fail, parts.docs);
  return (req, res, target) => {
    const probe = probes.get(target.path);
    if (probe) {
      probe(req, res);
      return;
    }
    req.url = target.path + target.query;
    pages(req, res);
  };
}
