import { type MeshDocument, type MeshEndpointType, type MeshPlugin } from '@plugmesh/shared/mesh-document';

/** A type of endpoint, and whether endpoints of it can be registered and connected to now. */
export interface EndpointTypeView extends MeshEndpointType {
  readonly pluginTitle?: string;
  readonly available: boolean;
  /** Why it is not available, one sentence; how it came to that is told to those in charge by `/mesh/plugins`. */
  readonly reason?: string;
}

/** `GET /mesh/endpoint-types`. */
export function endpointTypesView({ version, plugins, endpointTypes }: MeshDocument): object {
  const byId = new Map(plugins.map((plugin) => [plugin.id, plugin]));
  return { version, types: endpointTypes.flatMap((type) => typeView(type, byId.get(type.plugin)) ?? []) };
}

function typeView(type: MeshEndpointType, plugin: MeshPlugin | undefined): EndpointTypeView | undefined {
  if (!plugin) return undefined;
  const { id, title, state } = plugin;
  const available = isAvailable(type, plugin);
  return {
    ...type,
    ...(title === undefined ? {} : { pluginTitle: title }),
    available,
    ...(available ? {} : { reason: `its plugin '${id}' is ${state}` }),
  };
}

/** A type without hooks asks its plugin nothing, so that it need not run; it must be wanted, and its manifest be right. */
function isAvailable({ hooks }: MeshEndpointType, { enabled, state }: MeshPlugin): boolean {
  if (!enabled || state === 'invalid') return false;
  return state === 'ready' || hooks.length === 0;
}
