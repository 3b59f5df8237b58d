import { MeshError } from '@plugmesh/shared/errors';
import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
  type Router,
} from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';

/** Where pages that do not exist and pages that fail go. */
export type PageFailure = (req: IncomingMessage, res: ServerResponse, error: MeshError) => void;

const POLICY = [
  "default-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The mesh's own pages, the only thing that goes through Express. */
export function createPages(fail: PageFailure, docs: Router): Express {
  const pages = express().disable('x-powered-by').disable('etag');
  pages.use(protectPage);
  pages.get('/page/phoenix.mjs', (_req, res) => {
    res.sendFile(fileURLToPath(import.meta.resolve('phoenix')));
  });
  const folder = fileURLToPath(new URL('../page', import.meta.url));
  const files = express.static(folder, { index: false, dotfiles: 'ignore', redirect: false });
  pages.get('/', (_req, res) => res.sendFile('index.html', { root: folder }));
  pages.use('/page', files);
  pages.use(docs);
  pages.use((req, res) => fail(req, res, notFound(req)));
  pages.use(createErrorHandler(fail));
  return pages;
}

/** Express knows error handlers by their four parameters. */
function createErrorHandler(fail: PageFailure): ErrorRequestHandler {
  return (error: Error, req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    fail(req, res, pageError(req, error));
  };
}

/** `send` fails with a status for what is the client's doing: a range beyond the end, a condition that does not hold. */
function pageError(req: Request, cause: Error): MeshError {
  const status = 'status' in cause ? Number(cause.status) : 500;
  if (status === 404) return notFound(req);
  if (status < 500) return new MeshError('MESH_BAD_REQUEST', `the page cannot be sent: ${cause.message}`);
  return new MeshError('MESH_INTERNAL', 'the page failed', { cause });
}

function protectPage(_req: Request, res: Response, next: NextFunction): void {
  res.setHeader('content-security-policy', POLICY);
  res.setHeader('x-content-type-options', 'nosniff');
  res.setHeader('referrer-policy', 'same-origin');
  res.setHeader('cache-control', 'no-cache');
  next();
}

function notFound(req: Request): MeshError {
  return new MeshError('MESH_NOT_FOUND', `nothing is at '${req.path}'`);
}
