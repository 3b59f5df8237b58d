import type { MeshDocument } from '@plugmesh/shared/mesh-document';
import express, { type Request, type Response, type Router } from 'express';
import { LRUCache } from 'lru-cache';
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Origin } from '../http/forwarded.ts';
import type { UpstreamInstance } from '../upstream/instance.ts';
import { DescriptionReader } from './description-reader.ts';
import { mergeDescriptions } from './merge.ts';
import { PluginDescriptions, type Described } from './plugin-descriptions.ts';
import { topicsFor } from './topics.ts';
import { viewerOf, type Viewer, type ViewerParts } from './viewer.ts';

/** What the documentation is made with. */
export interface ApiDocsParts extends ViewerParts {
  readonly document: () => MeshDocument;
  readonly pick: (plugin: string) => UpstreamInstance | undefined;
  readonly originOf: (req: IncomingMessage) => Origin;
}

/** A merged document as it is sent, and what it was made of. */
interface Sent {
  readonly of: readonly Described[];
  readonly body: string;
  readonly etag: string;
}

const FOLDER = fileURLToPath(new URL('./page', import.meta.url));
const FILES = { index: false, dotfiles: 'ignore', redirect: false } as const;
/** What viewers see differs by the guards that they open, so that a few documents are enough for all of them. */
const MOST_KINDS_OF_VIEWERS = 50;

/** The mesh's documentation: one document of all APIs, all topics, and the pages that show them. Costs nothing unless asked for. */
export class ApiDocs {
  readonly #parts: ApiDocsParts;
  readonly #reader = new DescriptionReader();
  readonly #descriptions: PluginDescriptions;
  readonly #sent = new LRUCache<string, Sent>({ max: MOST_KINDS_OF_VIEWERS });

  constructor(parts: ApiDocsParts) {
    this.#parts = parts;
    this.#descriptions = new PluginDescriptions({
      document: parts.document,
      pick: parts.pick,
      read: (text, source) => this.#reader.read(text, source),
    });
  }

  /** Its addresses. */
  routes(): Router {
    const router = express.Router({ strict: true });
    router.get('/openapi.json', async (req, res) => {
      const { etag, body } = await this.#openapi(req);
      send(req, res, { etag, body });
    });
    router.get('/docs/topics.json', async (req, res) => {
      const body = asText(topicsFor(this.#parts.document(), await this.#viewer(req)));
      send(req, res, { body, etag: etagOf(body) });
    });
    router.get('/docs', (_req, res) => res.sendFile('openapi.html', { root: FOLDER }));
    // Relative: a proxy may serve the mesh under a path of its own.
    router.get('/docs/', (_req, res) => res.redirect('../docs'));
    router.get('/docs/topics', (_req, res) => res.sendFile('topics.html', { root: FOLDER }));
    router.use('/docs/page', express.static(FOLDER, FILES));
    for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
      const file = fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`));
      router.get(`/docs/ui/${name}`, (_req, res) => res.sendFile(file));
    }
    return router;
  }

  stop(): void {
    this.#reader.stop();
  }

  async #openapi(req: Request): Promise<Sent> {
    const [viewer, described] = await Promise.all([this.#viewer(req), this.#descriptions.all()]);
    const { proto, prefix } = this.#parts.originOf(req);
    const key = JSON.stringify([viewer.key, proto, prefix]);
    const before = this.#sent.get(key);
    if (before && isSame(before.of, described)) return before;
    const body = asText(mergeDescriptions(described, viewer, { proto, prefix }));
    const sent = { of: described, body, etag: etagOf(body) };
    this.#sent.set(key, sent);
    return sent;
  }

  #viewer(req: Request): Promise<Viewer> {
    const document = this.#parts.document();
    return viewerOf(req.headers, this.#parts.originOf(req).proto, { ...this.#parts, document });
  }
}

/** Answers 304 where the asker has it already; Express would not for clients that also say `no-cache`. */
function send(req: Request, res: Response, { body, etag }: Pick<Sent, 'body' | 'etag'>): void {
  res.setHeader('etag', etag);
  res.setHeader('vary', 'Authorization, Cookie, X-API-Key, X-Forwarded-Prefix');
  const known = req.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(etag)) res.status(304).end();
  else res.type('json').send(body);
}

function asText(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function etagOf(body: string): string {
  return `"${hash('sha256', body, 'base64url')}"`;
}

function isSame(before: readonly Described[], now: readonly Described[]): boolean {
  return (
    before.length === now.length &&
    before.every(({ plugin, outcome }, at) => plugin === now[at]?.plugin && outcome === now[at].outcome)
  );
}
