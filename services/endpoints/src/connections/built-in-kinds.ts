import { MeshError } from '@plugmesh/sdk';
import { obtain } from '../outbound/oauth2.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { OAuth2, Token } from '../outbound/token.ts';
import type { EndpointRecord } from '../store/endpoint-records.ts';
import type { ConnectKind } from '../types/endpoint-type.ts';
import type { Credentials } from './fields.ts';

/** What a credential is made of. */
export interface Making {
  readonly kind: ConnectKind;
  readonly credentials: Credentials;
  readonly endpoint: EndpointRecord;
  readonly outbound: Outbound;
}

const KINDS: Readonly<Record<string, (making: Making) => Token | Promise<Token>>> = {
  none: () => ({}),
  basic: ({ credentials: { username = '', password = '' } }) => {
    // RFC 7617 § 2: the colon ends the user name.
    if (username.includes(':')) throw new MeshError('MESH_BAD_REQUEST', "'username' has a colon in it");
    return inHeader('Authorization', `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  },
  bearer: ({ credentials: { token = '' } }) => inHeader('Authorization', `Bearer ${token}`),
  token: ({ kind: { header = 'Authorization', prefix = '' }, credentials: { token = '' } }) =>
    inHeader(header, `${prefix}${token}`),
  'client-credentials': (making) => grant(making, 'client_credentials'),
  'refresh-token': (making) => grant(making, 'refresh_token'),
};

/** Makes a credential without code of the type's. Rejects with MESH_ENDPOINT_CREDENTIALS and what reaching it fails with. */
export async function builtInToken(making: Making): Promise<Token> {
  const make = Object.hasOwn(KINDS, making.kind.kind) ? KINDS[making.kind.kind] : undefined;
  if (make) return make(making);
  throw new MeshError(
    'MESH_ENDPOINT_INVALID',
    `the kind '${making.kind.kind}' needs the hook 'connect' of its type`,
  );
}

function inHeader(name: string, value: string): Token {
  // Written into a request: nothing that could begin another line, nothing that HTTP would drop.
  if (/^[!-~]([ -~]*[!-~])?$/.test(value)) return { headers: { [name]: value } };
  throw new MeshError('MESH_BAD_REQUEST', 'the token has characters that no header can carry', {
    fix: 'copy it again: without spaces before and after it, on one line',
  });
}

async function grant(
  { kind, credentials, endpoint, outbound }: Making,
  type: OAuth2['grant'],
): Promise<Token> {
  const {
    client_id: clientId,
    client_secret: clientSecret,
    refresh_token: refreshToken,
    scope,
  } = credentials;
  const oauth2: OAuth2 = {
    tokenUrl: endpoint.tokenUrl ?? new URL(kind.tokenPath ?? '/oauth/token', endpoint.url).href,
    grant: type,
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(scope === undefined ? {} : { scope }),
  };
  return obtain(outbound, endpoint, oauth2);
}
