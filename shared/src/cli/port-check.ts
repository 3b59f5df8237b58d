import type { Config } from '../config/index.ts';
import { MeshError, MeshProblems } from '../errors/index.ts';
import { listeningPorts, portHolder } from '../processes/index.ts';

/** Throws one MESH_PORT_TAKEN for each port of ours that somebody else listens on, naming the holder. */
export function assertPortsFree(config: Config): void {
  const listening = listeningPorts();
  const problems = (['gateway', 'channel', 'mesh'] as const)
    .filter((section) => listening.has(config[section].port))
    .map((section) => {
      const { port } = config[section];
      const holder = portHolder(port);
      const who = holder ? `process ${holder.pid} (${holder.command})` : 'a process that we may not see';
      return new MeshError('MESH_PORT_TAKEN', `port ${port} of ${section} is held by ${who}`, {
        fix: `stop it, or set another: [${section}] port in plugmesh.toml, or PLUGMESH__${section.toUpperCase()}__PORT`,
      });
    });
  if (problems.length > 0) throw new MeshProblems(problems);
}
