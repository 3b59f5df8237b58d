import { MeshError } from '@plugmesh/sdk';
import { z } from 'zod';
import type { EndpointType, Hook } from '../types/endpoint-type.ts';
import { unavailable } from '../types/type-catalogue.ts';

type Code = ConstructorParameters<typeof MeshError>[0];

/** An answer that is none. */
export interface Refusal {
  readonly type: EndpointType;
  readonly hook: Hook;
  readonly status: number;
  readonly answer: unknown;
}

/** Codes that a plugin may refuse with; any other of the mesh's own is about how the plugin was asked. */
const PASSED_ON = [
  'MESH_ENDPOINT_REFUSED',
  'MESH_ENDPOINT_UNREACHABLE',
  'MESH_ENDPOINT_TLS',
  'MESH_ENDPOINT_TIMEOUT',
  'MESH_ENDPOINT_INVALID',
  'MESH_ENDPOINT_CREDENTIALS',
  'MESH_ENDPOINT_EXPIRED',
  'MESH_BAD_REQUEST',
] as const satisfies readonly Code[];

/** What a refusal without such a code means. */
const BY_HOOK: Readonly<Record<Hook, Code>> = {
  info: 'MESH_ENDPOINT_INVALID',
  register: 'MESH_ENDPOINT_INVALID',
  connect: 'MESH_ENDPOINT_CREDENTIALS',
  validate: 'MESH_ENDPOINT_CREDENTIALS',
  'update-metadata': 'MESH_ENDPOINT_CALLOUT_FAILED',
  sign: 'MESH_ENDPOINT_CALLOUT_FAILED',
};

const AWAY: readonly unknown[] = ['MESH_PLUGIN_UNAVAILABLE', 'MESH_PLUGIN_UNKNOWN'];
const LONGEST = 500;

const problem = z.object({ code: z.string().optional(), detail: z.string(), fix: z.string().optional() });

/** The error that users are told of: in the plugin's own words when it has said some. */
export function refusalOf({ type, hook, status, answer }: Refusal): MeshError {
  const { code, detail, fix } = problem.safeParse(answer).data ?? {};
  if (AWAY.includes(code)) return unavailable({ ...type, reason: 'it has no instance that can answer now' });
  const isPassedOn = PASSED_ON.find((each) => each === code);
  const isOfTheMesh = code?.startsWith('MESH_') === true;
  if (detail === undefined || (isOfTheMesh && !isPassedOn))
    return new MeshError(
      'MESH_ENDPOINT_CALLOUT_FAILED',
      `the plugin '${type.plugin}' was asked '${hook}' and answered ${status}${isOfTheMesh ? ` ${code}` : ''}`,
      { fix: `./plugmesh logs ${type.plugin}` },
    );
  return new MeshError(
    isPassedOn ?? BY_HOOK[hook],
    plain(detail),
    fix === undefined ? {} : { fix: plain(fix) },
  );
}

/** One line that neither steers a terminal nor fills a page. */
function plain(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, LONGEST);
}
