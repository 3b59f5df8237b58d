import type { Candidate } from './candidates.ts';
import type { Refusals } from './refusals.ts';
import type { MeshEndpointType } from './types.ts';

/**
 * Every type of endpoint once. Those of plugins that are not served stay, unless one that is served has the same type: endpoints of
 * them are registered. What only a registration says, and may not, is left out.
 */
export function endpointTypesOf(all: readonly Candidate[], refused: Refusals): MeshEndpointType[] {
  const isServed = ({ id, disabledBecause }: Candidate): boolean =>
    disabledBecause === undefined && !refused.has(id);
  const known = all.filter(({ id, isRestricted }) => !(isRestricted && refused.has(id)));
  const types = [...known.filter(isServed), ...known.filter((each) => !isServed(each))].flatMap(typesOf);
  return types.filter(({ type }, at) => types.findIndex((each) => each.type === type) === at);
}

function typesOf({ id, manifest }: Candidate): MeshEndpointType[] {
  return (manifest?.endpoints ?? []).map((type) => ({ plugin: id, ...type }));
}
