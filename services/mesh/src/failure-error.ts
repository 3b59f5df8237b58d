import { ERROR_CODES, type ErrorCode, MeshError } from '@plugmesh/shared/errors';
import { type PluginFailure, pluginFailure } from '@plugmesh/shared/mesh-document';

/** A failure as something to throw, with what else is to be known of it. */
export function failureError({ code, message, lines, fix }: PluginFailure, more: object = {}): MeshError {
  const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'MESH_PLUGIN_UNAVAILABLE';
  return new MeshError(known, message, {
    ...(fix === undefined ? {} : { fix }),
    details: { ...more, lines },
  });
}

/** What was thrown as a failure; what a program wrote before it failed are its lines. */
export function failureOf(error: unknown): PluginFailure {
  if (!(error instanceof MeshError))
    return pluginFailure('MESH_INTERNAL', error instanceof Error ? error.message : String(error));
  const { output, lines = [] } = error.details as { output?: string; lines?: readonly string[] };
  return pluginFailure(error.code, error.message, {
    lines: output === undefined ? lines : output.trim().split('\n'),
    fix: error.fix,
  });
}
