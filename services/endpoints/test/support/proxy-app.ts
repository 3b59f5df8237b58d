import { MeshError, type RequestHead } from '@plugmesh/sdk';
import { problemDocument } from '@plugmesh/shared/errors';
import express, { Router, type ErrorRequestHandler } from 'express';
import { createServer, type Server } from 'node:http';
import { Outbound } from '../../src/outbound/outbound.ts';
import type { Token } from '../../src/outbound/token.ts';
import { addProxyRoutes } from '../../src/proxy/add-proxy-routes.ts';
import type { Caller } from '../../src/callers.ts';
import type { Usable } from '../../src/connections/connections.ts';
import type { ProxyParts } from '../../src/proxy/parts.ts';
import { Renewals } from '../../src/proxy/renewals.ts';
import type { OpenReach } from '../../src/reach/reaches.ts';
import { endpointTypeSchema, type EndpointType } from '../../src/types/endpoint-type.ts';
import { silent } from './log.ts';

/** Credentials in memory, as the database keeps them. */
export class MemoryConnections {
  readonly #stored = new Map<string, Usable>();
  /** How often a token was stored in place of another. */
  renewals = 0;

  /** Connects a user, or with an empty id everybody. */
  put(guid: string, url: string, { token = {}, user = 'ada', ...more }: Partial<Connected> = {}): void {
    this.#stored.set(`${guid} ${user}`, {
      endpoint: { ...ENDPOINT, guid, name: guid, url, ...more },
      token,
      version: 1,
      scope: user === '' ? 'shared' : 'own',
      record: { ...RECORD, guid, userId: user },
    });
  }

  usableFor({ id }: Caller, guid: string): Promise<Usable> {
    const found = this.#stored.get(`${guid} ${id}`) ?? this.#stored.get(`${guid} `);
    if (found) return Promise.resolve(found);
    return Promise.reject(new MeshError('MESH_ENDPOINT_NOT_CONNECTED', `nobody is connected to '${guid}'`));
  }

  renewed(used: Usable, token: Token): Promise<Usable> {
    for (const [key, stored] of this.#stored) {
      if (stored !== used) continue;
      this.renewals += 1;
      const renewed = { ...used, token, version: used.version + 1 };
      this.#stored.set(key, renewed);
      return Promise.resolve(renewed);
    }
    return this.usableFor({ id: 'ada', name: 'ada', isAdmin: false }, used.endpoint.guid);
  }
}

const ENDPOINT = {
  ...{ type: 'plain', subType: null, owner: '', skipTlsValidation: false, caCert: null },
  ...{ info: {}, tokenUrl: null, createdAt: 0, version: 1 },
};
const RECORD = {
  ...{ kind: 'bearer', secret: { text: '', keyId: '' }, userName: null, isAdmin: false },
  ...{ expiresAt: null, connectedAt: 0, version: 1 },
};

interface Connected {
  readonly token: Token;
  readonly user: string;
  readonly type: string;
}

/** The routes of the proxy on a server of their own; who asks is said in `X-Test-User` and `X-Test-Plugin`. */
export class ProxyApp {
  readonly connections = new MemoryConnections();
  readonly reaches = new Map<string, OpenReach & { readonly plugin: string }>();
  readonly outbound: Outbound;
  readonly server: Server;

  constructor(parts: Partial<ProxyParts> = {}, headMs = 500) {
    this.outbound = new Outbound({ allowedNetworks: ['loopback'], log: silent, headMs });
    const router = Router();
    const upgrade = addProxyRoutes(router, { ...this.#parts(), ...parts });
    this.server = createServer(express().disable('x-powered-by').use(router).use(answerErrors));
    this.server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      Promise.resolve(upgrade(request, socket, head)).catch((error: unknown) => {
        socket.end(`HTTP/1.1 500 Refused\r\nConnection: close\r\n\r\n${(error as MeshError).code}`);
      });
    });
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await this.outbound.stop();
  }

  #parts(): ProxyParts {
    return {
      outbound: this.outbound,
      connections: this.connections,
      renewals: new Renewals({ outbound: this.outbound, connections: this.connections, log: silent }),
      types: { get: (type) => Promise.resolve(typeOf(type)) },
      callers: { user: userOf, plugin: pluginOf },
      reaches: {
        find: (id, plugin) => {
          const reach = this.reaches.get(id);
          return Promise.resolve(reach?.plugin === plugin ? reach : undefined);
        },
      },
      log: silent,
      fanOut: 3,
      sign: ({ token }) => Promise.resolve(token.headers ?? {}),
    };
  }
}

function typeOf(type: string): EndpointType {
  return endpointTypeSchema.parse({ type, plugin: `${type}-plugin`, connect: [], available: true });
}

function userOf({ headers }: RequestHead): Promise<Caller> {
  const { 'x-test-user': id = 'ada', 'x-test-plugin': plugin } = headers as Record<
    string,
    string | undefined
  >;
  if (id === 'nobody') return Promise.reject(new MeshError('MESH_UNAUTHORIZED', 'nobody is logged in'));
  return Promise.resolve({ id, name: id, isAdmin: false, ...(plugin !== undefined && { plugin }) });
}

function pluginOf({ headers }: RequestHead): Promise<string> {
  const { 'x-test-plugin': plugin } = headers;
  if (typeof plugin === 'string') return Promise.resolve(plugin);
  return Promise.reject(new MeshError('MESH_FORBIDDEN', 'this is for plugins'));
}

const answerErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent || !(error instanceof MeshError)) next(error);
  else response.status(error.status).json(problemDocument(error));
};
