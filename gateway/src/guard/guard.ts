import { MeshError } from '@plugmesh/shared/errors';
import type { IncomingMessage } from 'node:http';
import type { Permission } from '../routes/route.ts';

/** Decides who may pass; throws the refusal. Accounts bring an implementation that knows sessions and keys. */
export interface Guard {
  check(permission: Permission, req: IncomingMessage): void;
}

/** The guard of a mesh without accounts: public routes pass, everything else stays closed. */
export class ClosedGuard implements Guard {
  check(permission: Permission): void {
    if (permission.guard === 'public') return;
    throw new MeshError(
      'MESH_UNAUTHORIZED',
      `this route is for '${permission.guard}', and nobody is known here yet`,
      {
        fix: "to open the plugin to everyone, set http.guard = 'public' in its manifest, or guard = 'public' in its section of plugmesh.toml",
      },
    );
  }
}
