import type { IncomingMessage } from 'node:http';
import { MeshError } from '@plugmesh/shared/errors';

/** The parameters of a request's query; refuses those that the route does not have, and one that comes twice. */
export function readQuery<Name extends string>(
  request: IncomingMessage,
  known: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const query = new URLSearchParams(request.url?.split('?')[1]);
  const names = [...query.keys()];
  const wrong = names.find((name, at) => !known.includes(name as Name) || names.indexOf(name) !== at);
  if (wrong === undefined) return Object.fromEntries(query) as Partial<Record<Name, string>>;
  const fix = `it takes ${known.map((name) => `'${name}'`).join(', ')}, each once`;
  throw new MeshError('MESH_BAD_REQUEST', `unexpected parameter '${wrong}'`, { fix });
}

/** How many somebody wants at once: 1 to `most`, or `most` when nothing is said. */
export function readLimit(text: string | undefined, most: number): number {
  const limit = text === undefined ? most : Number(text);
  if (text !== '' && Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
  throw new MeshError('MESH_BAD_REQUEST', `'limit' must be a whole number from 1 to ${most}`);
}
