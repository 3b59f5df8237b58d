/** What is kept of a credential, always encrypted. */
export interface Token {
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** JSON for the hook `sign` of its type. */
  readonly data?: unknown;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
  /** How another one is got. */
  readonly oauth2?: OAuth2 | undefined;
}

/** A client of an OAuth2 server, with what it may ask for. */
export interface OAuth2 {
  readonly tokenUrl: string;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly refreshToken?: string | undefined;
  readonly scope?: string | undefined;
  readonly grant: 'client_credentials' | 'refresh_token';
}
