import { MeshError } from '@plugmesh/shared/errors';
import type { Visit } from '../visit.ts';

/** The guard of a mesh without accounts: public routes pass, everything else stays closed. */
export function closedGuard({ permission }: Visit): undefined {
  if (permission.guard === 'public') return;
  throw new MeshError(
    'MESH_UNAUTHORIZED',
    `this route is for '${permission.guard}', and nobody is known here yet`,
    {
      fix: "to open the plugin to everyone, set http.guard = 'public' in its manifest, or guard = 'public' in its section of plugmesh.toml",
    },
  );
}
