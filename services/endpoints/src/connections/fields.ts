import { MeshError } from '@plugmesh/sdk';
import type { ConnectKind, EndpointType } from '../types/endpoint-type.ts';

/** What a user has filled in, by the names of the fields. */
export type Credentials = Readonly<Record<string, string>>;

/** A way to connect that a type has. Throws MESH_BAD_REQUEST that names those it has. */
export function kindOf({ type, connect }: EndpointType, name: string): ConnectKind {
  const found = connect.find(({ kind }) => kind === name);
  if (found) return found;
  const kinds = connect.map(({ kind }) => `'${kind}'`).join(', ');
  throw new MeshError(
    'MESH_BAD_REQUEST',
    `endpoints of the type '${type}' are not connected to by '${name}'`,
    {
      fix: `'kind' is one of ${kinds}`,
    },
  );
}

/** Takes fields that are empty as left out. Throws MESH_BAD_REQUEST that names every problem, and no value. */
export function checkFields({ kind, fields }: ConnectKind, given: Credentials): Credentials {
  const filled = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  const names = new Set(fields.map(({ name }) => name));
  const missing = fields.filter(({ name, required }) => required && !Object.hasOwn(filled, name));
  const problems = [
    ...missing.map(({ name }) => `'${name}' is missing`),
    ...Object.keys(filled)
      .filter((name) => !names.has(name))
      .map((name) => `'${name.slice(0, 40)}' is no field`),
  ];
  if (problems.length === 0) return filled;
  throw new MeshError('MESH_BAD_REQUEST', `'credentials' do not fit '${kind}': ${problems.join('; ')}`, {
    fix: names.size === 0 ? 'it takes none: {}' : `fields are ${[...names].join(', ')}`,
  });
}
