import type { Ref } from '@plugmesh/shared/protocol';

/** Who pushed, and where to answer (contracts § 2.4). */
export interface PushMeta {
  /** Id of the signed-in user; null: nobody is. */
  readonly user: string | null;
  readonly socket: string;
  readonly ref: Ref;
  /** Redis channel that takes the answer; null when the client waits for none. */
  readonly replyTo: string | null;
}

/** `{"payload", "meta"}`: JSON as the client wrote it; bytes as base64, and `meta.encoding` says so. */
export function sealEnvelope(payload: string | Buffer, meta: PushMeta): Buffer {
  const isText = typeof payload === 'string';
  const content = isText ? payload : JSON.stringify(payload.toString('base64'));
  const about = JSON.stringify(isText ? meta : { ...meta, encoding: 'base64' });
  return Buffer.from(`{"payload":${content},"meta":${about}}`);
}
