import { MeshError } from '@plugmesh/sdk';
import type { Source } from './sources.ts';

/** Parameters that tell sources apart. */
const NARROWED_BY = ['prometheus', 'job', 'instance'] as const;

/** The one source that a request means. Throws MESH_NOT_FOUND for none, MESH_BAD_REQUEST for several. */
export function chooseSource(sources: readonly Source[], query: Readonly<Record<string, unknown>>): Source {
  const left = sources.filter((source) =>
    NARROWED_BY.every((name) => query[name] === undefined || query[name] === valueOf(source, name)),
  );
  const [first, ...others] = left;
  if (first === undefined)
    throw new MeshError(
      'MESH_NOT_FOUND',
      'no Prometheus that you are connected to has metrics of this endpoint',
      {
        fix: 'Register and connect the Prometheus that scrapes it.',
      },
    );
  if (others.length === 0) return first;
  const found = left.map((source) => NARROWED_BY.map((name) => `${name}=${valueOf(source, name)}`).join('&'));
  throw new MeshError('MESH_BAD_REQUEST', 'several targets of Prometheus belong to this endpoint', {
    fix: `Add one of these: ${found.slice(0, 10).join(' ')}`,
  });
}

function valueOf({ prometheus, labels }: Source, name: (typeof NARROWED_BY)[number]): string {
  return name === 'prometheus' ? prometheus : (labels[name] ?? '');
}
