import type { MeshDocument, MeshPlugin, PluginHttp } from '@plugmesh/shared/mesh-document';
import type { DocumentSource } from '../../src/gateway.ts';

/** What a test says about a plugin; the rest is public, ready and named by its id. */
export interface PluginSketch extends Partial<Omit<MeshPlugin, 'http' | 'instances'>> {
  readonly id: string;
  readonly http?: Partial<PluginHttp>;
  readonly urls?: readonly string[];
}

/** A mesh document of these plugins. */
export function sketchDocument(plugins: readonly PluginSketch[], services = {}): MeshDocument {
  return {
    format: 1,
    version: 1,
    mode: 'development',
    control: { url: 'http://127.0.0.1:1' },
    channel: { url: 'http://127.0.0.1:1' },
    middleware: [],
    topics: [],
    endpointTypes: [],
    ...services,
    plugins: plugins.map(sketchPlugin),
  };
}

function sketchPlugin({ id, http, urls = [], ...rest }: PluginSketch): MeshPlugin {
  return {
    id,
    source: 'config',
    enabled: true,
    state: 'ready',
    instances: urls.map((url, n) => ({ id: `${id}-${n}`, url, state: 'ready' })),
    ...rest,
    http: {
      prefix: `/api/${id}`,
      aliases: [],
      stripPrefix: true,
      guard: 'public',
      routes: [],
      html: 'sandbox',
      openapi: false,
      health: '/healthz',
      timeoutMs: 5000,
      maxBody: 10_485_760,
      ...http,
    },
  };
}

/** A document source that a test changes by hand. */
export class HandDocuments implements DocumentSource {
  connected = true;
  current: MeshDocument;
  readonly #listeners = new Set<(document: MeshDocument) => void>();

  constructor(document: MeshDocument) {
    this.current = document;
  }

  onChange(listener: (document: MeshDocument) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  change(document: MeshDocument): void {
    this.current = document;
    for (const listener of this.#listeners) listener(document);
  }
}
