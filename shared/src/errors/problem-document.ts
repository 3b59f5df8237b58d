import { ERROR_CODES } from './codes.ts';
import type { MeshError } from './mesh-error.ts';

/** The media type of problem documents (RFC 9457 § 3). */
export const PROBLEM_TYPE = 'application/problem+json';

/** An HTTP error body (RFC 9457 § 3.1) with our members `code`, `plugin` and `requestId`. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly plugin?: string;
  readonly requestId?: string;
  readonly [member: string]: unknown;
}

/** What the answering process knows about the request. */
export interface ProblemContext {
  readonly plugin?: string | undefined;
  readonly requestId?: string | undefined;
  /** Development mode: also say the reason, which may name addresses and files. */
  readonly expose?: boolean;
}

/** The problem document of an error. `details` of the error become members; the cause is shown only when exposed. */
export function problemDocument(error: MeshError, context: ProblemContext = {}): ProblemDocument {
  const { cause } = error;
  return {
    type: `urn:plugmesh:error:${error.code.toLowerCase()}`,
    title: ERROR_CODES[error.code].title,
    status: error.status,
    code: error.code,
    detail: error.message,
    ...(error.fix === undefined ? {} : { fix: error.fix }),
    ...(context.plugin === undefined ? {} : { plugin: context.plugin }),
    ...(context.requestId === undefined ? {} : { requestId: context.requestId }),
    ...error.details,
    ...(context.expose === true && cause instanceof Error ? { reason: cause.message } : {}),
    ...(context.expose === true ? error.exposed : {}),
  };
}
