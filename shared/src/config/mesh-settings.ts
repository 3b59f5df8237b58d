import type { Config, CorsConfig } from './config.ts';

/** What every plugin may know of the mesh that it is in, `PLUGMESH_MESH`: nothing secret, nothing about other plugins. */
export interface MeshSettings {
  readonly mode: Config['mode'];
  readonly logLevel: string;
  readonly gateway: {
    readonly host: string;
    readonly port: number;
    /** Host names that are served; none: every name. */
    readonly hosts: readonly string[];
    readonly cors: Pick<CorsConfig, 'origins' | 'credentials'>;
  };
}

/** Names what plugins are told one by one: a new setting stays with the mesh until it is written here. */
export function meshSettings({ mode, logLevel, gateway }: Config): MeshSettings {
  const { host, port, hosts, cors } = gateway;
  const { origins, credentials } = cors;
  return { mode, logLevel, gateway: { host, port, hosts, cors: { origins, credentials } } };
}
