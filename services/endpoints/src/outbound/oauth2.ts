import { MeshError } from '@plugmesh/sdk';
import * as oauth from 'oauth4webapi';
import type { Outbound } from './outbound.ts';
import type { Target } from './target.ts';
import type { OAuth2, Token } from './token.ts';

/** More than any answer of a token endpoint. */
const MOST_ANSWER = 64 * 1024;
/** As long as what is kept may be: another would replace a good one and could not be read again. */
const MOST_TOKEN = 16_000;
const CAN_BE_KEPT = new RegExp(`^[\\x21-\\x7e]{1,${MOST_TOKEN}}$`);
/** A century, so that it is still a time. */
const MOST_SECONDS = 3_155_760_000;

/**
 * Gets a token of an OAuth2 server (RFC 6749 § 4.4, § 6). Rejects with MESH_ENDPOINT_CREDENTIALS when the server refuses
 * it, and as `Outbound` does when it cannot be asked.
 */
export async function obtain(outbound: Outbound, target: Target, asked: OAuth2): Promise<Token> {
  const token = await askedWith(secretInHeader(asked))
    .catch((error: unknown) => {
      // RFC 6749 § 2.3.1 wants servers to take the header; some take the body alone.
      if (asked.clientSecret !== undefined && isUnknownClient(error)) return askedWith(secretInBody(asked));
      throw error;
    })
    .catch((error: unknown) => toMeshError(error, asked));
  return tokenOf(asked, token);

  function askedWith(authentication: oauth.ClientAuth): Promise<oauth.TokenEndpointResponse> {
    return GRANTS[asked.grant](asked, authentication, throughOutbound(outbound, target));
  }
}

/** Gets another token in place of one that ends. Rejects as `obtain`, also when nothing can renew it. */
export function renew(outbound: Outbound, target: Target, { oauth2 }: Token): Promise<Token> {
  if (oauth2) return obtain(outbound, target, oauth2);
  return Promise.reject(new MeshError('MESH_ENDPOINT_CREDENTIALS', 'this credential cannot be renewed'));
}

type Options = oauth.TokenEndpointRequestOptions;
type Ask = (asked: OAuth2, as: oauth.ClientAuth, options: Options) => Promise<oauth.TokenEndpointResponse>;

const GRANTS: Readonly<Record<OAuth2['grant'], Ask>> = {
  client_credentials: async (asked, authentication, options) => {
    const { server, client, scope } = partiesOf(asked);
    const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, scope, options);
    return oauth.processClientCredentialsResponse(server, client, answer);
  },
  refresh_token: async (asked, authentication, options) => {
    const { server, client, scope } = partiesOf(asked);
    const more = { ...options, additionalParameters: scope };
    const { refreshToken = '' } = asked;
    const answer = await oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, more);
    return oauth.processRefreshTokenResponse(server, client, answer);
  },
};

function partiesOf({ tokenUrl, clientId, scope }: OAuth2) {
  return {
    server: { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl },
    client: { client_id: clientId ?? 'plugmesh' },
    scope: scope === undefined || scope === '' ? {} : { scope },
  };
}

function secretInHeader({ clientId, clientSecret }: OAuth2): oauth.ClientAuth {
  if (clientSecret !== undefined) return oauth.ClientSecretBasic(clientSecret);
  // RFC 6749 § 6: a client that was given no id sends none.
  return clientId === undefined ? () => undefined : oauth.None();
}

function secretInBody({ clientSecret = '' }: OAuth2): oauth.ClientAuth {
  return oauth.ClientSecretPost(clientSecret);
}

/** The library makes the requests, the guarded client sends them. */
function throughOutbound(outbound: Outbound, target: Target): Options {
  return {
    // An endpoint may be registered as http: that is for who does it to say.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the library's way to make it stand out
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async (url, { method, headers, body }) => {
      const { origin, pathname, search } = new URL(url);
      const isSame = origin === new URL(target.url).origin;
      const server = { ...target, url: origin, skipTlsValidation: isSame && target.skipTlsValidation };
      const answer = await outbound.fetch(server, `${pathname}${search}`, {
        method,
        headers,
        body: String(body),
        maxBytes: MOST_ANSWER,
        followRedirects: false,
      });
      if (answer.status >= 500 || answer.status === 429)
        throw new MeshError('MESH_ENDPOINT_UNREACHABLE', `its token endpoint answers ${answer.status}`);
      return responseOf(answer.status, answer.body.toString());
    },
  };
}

/** An answer as the library reads it: what is said of who the user is it would hold against a discovery we do not do. */
function responseOf(status: number, body: string): Response {
  const isSuccess = status >= 200 && status < 300;
  const headers = { 'content-type': 'application/json' };
  return new Response(withoutIdToken(body), { status: isSuccess ? 200 : status, headers });
}

function withoutIdToken(body: string): string {
  try {
    return JSON.stringify({ ...(JSON.parse(body) as object), id_token: undefined });
  } catch {
    return body;
  }
}

function isUnknownClient(error: unknown): boolean {
  return error instanceof oauth.ResponseBodyError && error.error === 'invalid_client';
}

function toMeshError(error: unknown, asked: OAuth2): never {
  if (error instanceof MeshError) throw error;
  throw new MeshError(
    'MESH_ENDPOINT_CREDENTIALS',
    `no token is given for them: ${withoutSecrets(reasonOf(error), asked)}`,
    {
      cause: error,
    },
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError) {
    const { error: code, error_description: said } = error;
    return printable(said === undefined ? code : `${code}, ${said}`);
  }
  return 'the token endpoint answers something that is no OAuth2';
}

/** Whoever uses a shared connection reads it, and the log has it: a server that repeats what it was sent tells neither. */
function withoutSecrets(text: string, { clientSecret, refreshToken }: OAuth2): string {
  const secrets = [clientSecret, refreshToken].filter((secret) => secret !== undefined && secret !== '');
  return secrets.reduce<string>((left, secret) => left.replaceAll(secret ?? '', '…'), text);
}

/** What a stranger says, as one line. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 300);
}

function tokenOf(asked: OAuth2, answer: oauth.TokenEndpointResponse): Token {
  const { access_token: token, expires_in: seconds, refresh_token: rotated } = answer;
  const { refreshToken: before, ...client } = asked;
  const refreshToken = asked.grant === 'refresh_token' ? (rotated ?? before) : undefined;
  if (!CAN_BE_KEPT.test(token) || (refreshToken?.length ?? 0) > MOST_TOKEN)
    throw new MeshError(
      'MESH_ENDPOINT_CREDENTIALS',
      'the token that is given is too long, or has characters that no header has',
    );
  return {
    headers: { authorization: `Bearer ${token}` },
    ...(seconds === undefined
      ? {}
      : { expiresAt: Date.now() + Math.round(Math.min(seconds, MOST_SECONDS) * 1000) }),
    oauth2: { ...client, ...(refreshToken === undefined ? {} : { refreshToken }) },
  };
}
