import { MeshError, type RequestHead } from '@plugmesh/sdk';
import { metadata as metadataSchema } from '../callouts/answers.ts';
import type { Callouts } from '../callouts/callouts.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Reaches } from '../reach/reaches.ts';
import type { EndpointRecord } from '../store/endpoint-records.ts';
import type { EndpointType } from '../types/endpoint-type.ts';

/** An external system that is to be looked at. */
export type LookedAt = Pick<EndpointRecord, 'url' | 'subType' | 'skipTlsValidation' | 'caCert'>;

/** What a look at it needs. */
export interface LookParts {
  readonly callouts: Callouts;
  readonly outbound: Outbound;
  readonly reaches: Reaches;
}

/**
 * Whether an external system is there, trusted and of a type, and what it says about itself. Rejects with
 * MESH_ENDPOINT_UNREACHABLE, _TLS, _TIMEOUT, _REFUSED, _INVALID and what the type's plugin refuses with.
 */
export async function lookAt(
  parts: LookParts,
  type: EndpointType,
  { target, request }: { target: LookedAt; request: RequestHead },
): Promise<Pick<EndpointRecord, 'info' | 'tokenUrl'>> {
  await parts.outbound.check(target.url);
  if (type.hooks.includes('info')) return byHook(parts, type, { target, request });
  const { infoPath } = type;
  if (infoPath !== undefined)
    return { info: await byPath(parts, target, { infoPath, type: type.type }), tokenUrl: null };
  await knock(parts, target);
  return { info: {}, tokenUrl: null };
}

async function byHook(
  parts: LookParts,
  type: EndpointType,
  { target, request }: { target: LookedAt; request: RequestHead },
) {
  // Here, so that a certificate that is not trusted is called that, whatever the plugin makes of it.
  await knock(parts, target);
  const { url, subType, skipTlsValidation, caCert } = target;
  return parts.reaches.during(type.plugin, { target, headers: {} }, async (reach) => {
    const body = { url, subType, skipTlsValidation, caCert, reach };
    const { metadata = {}, tokenUrl = null } = await parts.callouts.ask({
      type,
      hook: 'info',
      body,
      request,
    });
    return { info: metadata, tokenUrl };
  });
}

/** Whatever it answers: it is there, and its certificate counts. */
async function knock({ outbound }: LookParts, target: LookedAt): Promise<void> {
  await outbound.fetch(target, '', { method: 'HEAD', followRedirects: false });
}

async function byPath(
  { outbound }: LookParts,
  target: LookedAt,
  { infoPath, type }: { infoPath: string; type: string },
) {
  const { status, body } = await outbound.fetch(target, infoPath, {
    headers: { accept: 'application/json' },
  });
  if (status < 200 || status > 299)
    throw new MeshError(
      'MESH_ENDPOINT_INVALID',
      `it answers ${status} at '${infoPath}', where the type '${type}' answers 2xx`,
      {
        fix: 'check the URL, with its path, and the type',
      },
    );
  try {
    return metadataSchema.safeParse(JSON.parse(body.toString())).data ?? {};
  } catch {
    return {};
  }
}
