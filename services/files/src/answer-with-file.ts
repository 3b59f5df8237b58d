import { MeshError } from '@plugmesh/sdk';
import type { Request, RequestHandler, Response } from 'express';
import { findFile, type Folder } from './find-file.ts';
import { pathNames } from './path-names.ts';

const METHODS = ['GET', 'HEAD'];

/** What `send` raises about the request's own conditions, which is an answer and no failure. */
const REFUSALS = new Set([412, 416]);

/** Answers GET and HEAD with a file of the folder, and everything that is none with 404. */
export function answerWithFile(folder: Folder): RequestHandler {
  return async (request, response) => {
    if (!METHODS.includes(request.method)) {
      response.set('Allow', METHODS.join(', '));
      throw new MeshError('MESH_METHOD_NOT_ALLOWED', `${request.method}: files are only read here`);
    }
    const names = pathNames(request.path, folder);
    const found = names ? await findFile(folder, names) : undefined;
    if (!names || !found || found.kind === 'nothing')
      throw new MeshError('MESH_NOT_FOUND', 'there is no such file');
    if (found.kind === 'file') return sendFile(response, found.file);
    response.redirect(301, withSlash(request, names));
  };
}

/** Sends a file whose path has been looked at; `send` does ranges, types and conditions. */
function sendFile(response: Response, file: string): Promise<void> {
  // Browsers ask each time whether it is still the same, and no cache between them keeps what a guard protects.
  response.set({ 'Cache-Control': 'private, no-cache', 'X-Content-Type-Options': 'nosniff' });
  const options = { dotfiles: 'allow', cacheControl: false } as const;
  return new Promise((resolve, reject) => {
    response.sendFile(file, options, (error?: SendError) => {
      if (error && REFUSALS.has(error.status ?? 0)) refuse(response, error);
      else if (error && !isGone(error)) return reject(error);
      resolve();
    });
  });
}

interface SendError extends NodeJS.ErrnoException {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

function refuse(response: Response, { status = 416, headers = {} }: SendError): void {
  response.status(status).set(headers).end();
}

/** Whether the client, not the file, is why it was not sent. */
function isGone({ code, syscall }: SendError): boolean {
  return code === 'ECONNABORTED' || syscall === 'write';
}

/** The folder's path with its slash, as the client has to ask for it: in front of it stands what the gateway took away. */
function withSlash(request: Request, names: readonly string[]): string {
  const path = names.map((name) => `/${encodeURIComponent(name)}`).join('');
  const [, query] = /(\?.*)/.exec(request.url) ?? [];
  return `${request.get('X-Forwarded-Prefix') ?? ''}${path}/${query ?? ''}`;
}
