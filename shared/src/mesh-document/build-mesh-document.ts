import type { MeshError } from '../errors/index.ts';
import type { DocumentInput } from './document-input.ts';
import type { MeshDocument } from './types.ts';

/** A document and why parts of it were refused. */
export interface BuiltDocument {
  readonly document: MeshDocument;
  readonly problems: readonly MeshError[];
}

/** Builds the mesh document from files, registrations and observed states. Pure: the same input gives the same document. */
export function buildMeshDocument(input: DocumentInput): BuiltDocument {
  const { config } = input;
  return {
    problems: [],
    document: {
      format: 1,
      version: input.version,
      mode: config.mode,
      control: { url: `http://${config.mesh.host}:${config.mesh.port}` },
      channel: { url: `http://${config.channel.host}:${config.channel.port}` },
      plugins: input.found.flatMap(({ id, manifest }) =>
        manifest === undefined
          ? []
          : [
              {
                id,
                source: 'manifest' as const,
                enabled: true,
                state: input.states[id]?.state ?? ('ready' as const),
                http: { ...manifest.http, prefix: `/api/${id}` },
                instances:
                  input.states[id]?.instances ??
                  (input.ports[id] ?? []).map((port, n) => ({
                    id: `${id}-${n}`,
                    url: `http://127.0.0.1:${port}`,
                    state: 'ready' as const,
                  })),
              },
            ],
      ),
      middleware: [],
      topics: [
        {
          pattern: 'system',
          plugin: 'mesh',
          join: 'public',
          push: 'public',
          presence: false,
          envelope: false,
          overflow: 'disconnect',
        },
        {
          pattern: 'admin',
          plugin: 'mesh',
          join: 'admin',
          push: 'admin',
          presence: false,
          envelope: false,
          overflow: 'disconnect',
        },
        {
          pattern: 'streaming-*',
          plugin: 'mesh',
          join: 'owner',
          push: 'owner',
          presence: false,
          envelope: false,
          overflow: 'disconnect',
        },
      ],
    },
  };
}
