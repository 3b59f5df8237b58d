import { MeshError, type Reach } from '@plugmesh/sdk';
import { z } from 'zod';
import type { Target } from './match-targets.ts';
import { readAnswer, type ReadAnswer } from './read-answer.ts';

const BUILD_INFO = '/api/v1/status/buildinfo';
const TARGETS = '/api/v1/targets?state=active';

/** Answers of Prometheus (its HTTP API, version 1), as far as they are read here. */
const buildInfo = z.object({ status: z.literal('success'), data: z.object({ version: z.string() }) });
const targets = z.object({
  status: z.literal('success'),
  data: z.object({
    activeTargets: z.array(z.object({ scrapeUrl: z.string(), labels: z.record(z.string(), z.string()) })),
  }),
});

/** What can be known of a Prometheus before anybody has logged in to it. */
export type Introduction = { readonly version: string } | { readonly login: 'basic' };

/** Asks who answers. Rejects with MESH_ENDPOINT_INVALID when it is no Prometheus, and none behind a login either. */
export async function introduce(reach: Reach): Promise<Introduction> {
  const answer = await readAnswer(reach, BUILD_INFO);
  if (answer.status === 401 && /^basic\b/i.test(answer.headers.get('www-authenticate') ?? ''))
    return { login: 'basic' };
  const version = versionIn(answer);
  if (version !== undefined) return { version };
  throw new MeshError(
    'MESH_ENDPOINT_INVALID',
    `no Prometheus answers there: '${BUILD_INFO}' is answered with ${answer.status}`,
    { fix: "Give the URL under which Prometheus has its '/api/v1'." },
  );
}

/** Resolves when Prometheus answers with these credentials. Rejects with MESH_ENDPOINT_CREDENTIALS when it does not. */
export async function requireLogin(reach: Reach): Promise<void> {
  const answer = await readAnswer(reach, BUILD_INFO);
  if (versionIn(answer) !== undefined) return;
  throw new MeshError(
    'MESH_ENDPOINT_CREDENTIALS',
    `Prometheus answers ${answer.status} to these credentials`,
  );
}

/** What a Prometheus scrapes now. Rejects with MESH_ENDPOINT_INVALID when it does not say. */
export async function activeTargets(reach: Reach): Promise<readonly Target[]> {
  const answer = await readAnswer(reach, TARGETS);
  const said = targets.safeParse(jsonOf(answer)).data;
  if (said) return said.data.activeTargets;
  throw new MeshError('MESH_ENDPOINT_INVALID', `Prometheus answers ${answer.status} about its targets`);
}

function versionIn(answer: ReadAnswer): string | undefined {
  const isOk = answer.status >= 200 && answer.status <= 299;
  return isOk ? buildInfo.safeParse(jsonOf(answer)).data?.data.version : undefined;
}

function jsonOf({ body }: ReadAnswer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}
