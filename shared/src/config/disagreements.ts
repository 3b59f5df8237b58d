import { MeshError } from '../errors/index.ts';
import type { SettingValues } from './settings.ts';

/** Settings that are right one by one, but do not go together. */
export function disagreements(values: SettingValues): MeshError[] {
  return [...openCredentials(values), ...samePorts(values)];
}

function openCredentials(values: SettingValues): MeshError[] {
  if (!values['gateway.cors.credentials'] || !values['gateway.cors.origins'].includes('*')) return [];
  const message =
    "'gateway.cors.origins' must name its origins, not '*', because 'gateway.cors.credentials' is true";
  return [new MeshError('MESH_CONFIG_INVALID', message, { fix: 'list the origins' })];
}

const PORTS = ['gateway.port', 'mesh.port', 'channel.port'] as const;

function samePorts(values: SettingValues): MeshError[] {
  return PORTS.flatMap((key, at) => {
    const earlier = PORTS.slice(0, at).find((other) => values[other] === values[key] && values[key] !== 0);
    if (earlier === undefined) return [];
    const message = `'${key}' and '${earlier}' must differ, both are ${values[key]}`;
    return [new MeshError('MESH_CONFIG_INVALID', message)];
  });
}
