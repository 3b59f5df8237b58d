import { MeshError, type Call, type Log, type RequestHead } from '@plugmesh/sdk';
import type { z } from 'zod';
import type { EndpointType, Hook } from '../types/endpoint-type.ts';
import { ANSWERS } from './answers.ts';
import { readAnswer } from './read-answer.ts';
import { refusalOf } from './refusals.ts';

/** What callouts are made with. */
export interface CalloutsOptions {
  readonly call: Call;
  readonly log: Log;
  /** How long a plugin may take. */
  readonly timeoutMs: number;
}

/** One callout. */
export interface Callout<H extends Hook = Hook> {
  readonly type: EndpointType;
  readonly hook: H;
  readonly body: object;
  /** The request that it is made for: its user is the one acted for. */
  readonly request?: RequestHead | undefined;
  /** Instead of the usual. */
  readonly timeoutMs?: number;
}

/** What a plugin answers to a hook. */
export type CalloutAnswer<H extends Hook> = z.output<(typeof ANSWERS)[H]>;

/**
 * Asks the plugins that provide types, through the gateway, which signs who asks. Fails closed: no answer, too late,
 * too large or of another form is MESH_ENDPOINT_CALLOUT_FAILED.
 */
export class Callouts {
  readonly #options: CalloutsOptions;

  constructor(options: CalloutsOptions) {
    this.#options = options;
  }

  /** Rejects with what the plugin refuses with, MESH_ENDPOINT_TYPE_UNAVAILABLE or MESH_ENDPOINT_CALLOUT_FAILED. */
  async ask<H extends Hook>(callout: Callout<H>): Promise<CalloutAnswer<H>> {
    const { type, hook } = callout;
    try {
      const answer = await this.#answer(callout);
      // One table for all hooks, so that the compiler does not see which of its rows this is.
      return ANSWERS[hook].parse(answer) as CalloutAnswer<H>;
    } catch (error) {
      const failure = asFailure(error, callout);
      // Neither what was sent nor what came: credentials may be in both, also where a plugin says why it refuses.
      const problem = error instanceof MeshError ? {} : { problem: failure.message };
      this.#options.log.warn(
        { plugin: type.plugin, type: type.type, hook, code: failure.code, ...problem },
        'a callout was refused or failed',
      );
      throw failure;
    }
  }

  async #answer({ type, hook, body, request, timeoutMs }: Callout): Promise<unknown> {
    const response = await this.#options.call(type.plugin, `${type.callouts}/${hook}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs ?? this.#options.timeoutMs),
      ...(request ? { request } : {}),
    });
    const answer = await readAnswer(response);
    if (response.ok) return answer;
    throw refusalOf({ type, hook, status: response.status, answer });
  }
}

function asFailure(error: unknown, { type, hook }: Callout): MeshError {
  if (error instanceof MeshError) return error;
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  const why = isLate ? 'it did not answer in time' : 'it did not answer as it should';
  return new MeshError(
    'MESH_ENDPOINT_CALLOUT_FAILED',
    `the plugin '${type.plugin}' was asked '${hook}': ${why}`,
    {
      fix: `./plugmesh logs ${type.plugin}`,
    },
  );
}
