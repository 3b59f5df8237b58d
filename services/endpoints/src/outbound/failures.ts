import { MeshError } from '@plugmesh/sdk';

/** What is wrong with a certificate, by the code that OpenSSL or Node gives it. */
const TLS: Readonly<Record<string, string>> = {
  CERT_CHAIN_TOO_LONG: "its certificate's chain is too long",
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_REJECTED: 'its certificate is rejected',
  CERT_REVOKED: 'its certificate has been revoked',
  CERT_SIGNATURE_FAILURE: 'the signature of its certificate is wrong',
  CERT_UNTRUSTED: 'its certificate is not trusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  EPROTO: 'it does not speak TLS, or no version of it that is spoken here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  HOSTNAME_MISMATCH: 'its certificate is for another name',
  INVALID_CA: 'the certificate that has signed its own may not sign others',
  INVALID_PURPOSE: 'its certificate is not one for servers',
  PATH_LENGTH_EXCEEDED: "its certificate's chain is longer than allowed",
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an authority that is not known here',
};
const OTHER_TLS = /^ERR_(?:SSL|TLS|OSSL)_/;

const TIMEOUTS: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'it could not be connected to in time',
  UND_ERR_BODY_TIMEOUT: 'its answer has stopped on the way',
  UND_ERR_CONNECT_TIMEOUT: 'it could not be connected to in time',
  UND_ERR_HEADERS_TIMEOUT: 'it has not answered in time',
  TimeoutError: 'it has not answered in time',
};

const UNREACHABLE: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'its name cannot be resolved now',
  ECONNREFUSED: 'it refuses connections',
  ECONNRESET: 'it has closed the connection',
  EHOSTUNREACH: 'no way leads to its address',
  ENETUNREACH: 'no way leads to its network',
  ENODATA: 'its name has no address',
  ENOTFOUND: 'its name has no address',
  EPIPE: 'it has closed the connection',
  UND_ERR_HEADERS_OVERFLOW: 'the head of its answer is larger than 16 KiB',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its answer is not as long as it says',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'its answer is too large',
  UND_ERR_SOCKET: 'it has closed the connection',
};

/** Errors of what a request looks like: nothing has been sent. */
const UNSENDABLE = /^UND_ERR_(?:INVALID_ARG|NOT_SUPPORTED|REQ_CONTENT_LENGTH_MISMATCH)$/;

/** What went wrong between us and an external system, in words of our own: one MESH_ENDPOINT_* error for each kind. */
export function outboundFailure(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  const { code, name, message } = firstOf(error);
  const tls = TLS[code] ?? (OTHER_TLS.test(code) ? `TLS with it fails: ${message}` : undefined);
  if (tls !== undefined)
    return new MeshError('MESH_ENDPOINT_TLS', tls, { cause: error, details: { reason: code } });
  const late = TIMEOUTS[code] ?? TIMEOUTS[name];
  if (late !== undefined) return new MeshError('MESH_ENDPOINT_TIMEOUT', late, { cause: error });
  if (UNSENDABLE.test(code))
    return new MeshError('MESH_BAD_REQUEST', 'the request cannot be sent on', { cause: error });
  const why = UNREACHABLE[code] ?? 'it answers something that is not HTTP';
  return new MeshError('MESH_ENDPOINT_UNREACHABLE', why, { cause: error });
}

interface Failure {
  readonly code: string;
  readonly name: string;
  readonly message: string;
}

/** Several addresses fail with several errors; a refusal of ours among them is for the caller of this. */
function firstOf(error: unknown): Failure {
  const all = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const { code = '', name = '', message = '' } = (all[0] ?? {}) as Partial<Failure>;
  return { code, name, message };
}
