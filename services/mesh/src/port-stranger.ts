import {
  type ManagedProcess,
  portHolder,
  portsOfTree,
  type SystemProcess,
  variableOf,
} from '@plugmesh/shared/processes';

/** Another program at the port that an instance was given: what it answers is not the plugin's. */
export function portStranger({ pid, port, plugin }: ManagedProcess): SystemProcess | undefined {
  if (port === undefined || (pid !== undefined && portsOfTree(pid).includes(port))) return undefined;
  const holder = portHolder(port);
  // pm2 may have started the plugin again since it was last asked.
  return holder && variableOf(holder.pid, 'PLUGMESH_PLUGIN') !== plugin ? holder : undefined;
}
