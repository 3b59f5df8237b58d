import type { MeshPlugin } from './types.ts';

/** Whether nothing of a plugin runs, and need not: it describes endpoint types. */
export function hasNoCode({ state, instances }: Pick<MeshPlugin, 'state' | 'instances'>): boolean {
  return state === 'ready' && instances.length === 0;
}
