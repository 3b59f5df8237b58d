/*
 * What `endpoints` and the plugins of its types say to each other, as JSON (contracts § 1.7): for each hook what it is asked
 * with `POST <callouts>/<hook>`, and what a 2xx answers. A refusal is a problem document, whose `detail` goes to the user.
 */

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An external system that somebody has registered. Never with what it is called with. */
export interface Endpoint {
  readonly guid: string;
  readonly name: string;
  readonly type: string;
  /** One of the manifest's `subTypes`; null where nobody has chosen one. */
  readonly subType: string | null;
  /** Absolute, without a trailing slash. */
  readonly url: string;
  /** Id of the user whose own it is; null: everybody's. */
  readonly owner: string | null;
  /** What is known of it, by type. */
  readonly metadata: Readonly<Record<string, JsonObject>>;
}

/** What a user's requests to an endpoint are made with. It is kept encrypted, and shown to nobody but its type's hooks. */
export interface EndpointToken {
  /** Put on every request as they are. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Any JSON that the hook `sign` makes headers of. */
  readonly data?: unknown;
  /** When it ends, in milliseconds since 1970; without it, when the endpoint says so. */
  readonly expiresAt?: number;
  /** How `endpoints` renews it (RFC 6749). */
  readonly oauth2?: OAuth2Token;
}

/** What an OAuth2 token is renewed with, at `tokenUrl`: by § 4.4 or by § 6 of RFC 6749. */
export interface OAuth2Token {
  readonly grant: 'client_credentials' | 'refresh_token';
  readonly tokenUrl: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly refreshToken?: string;
  readonly scope?: string;
}

/** `info`: somebody wants to register this URL. Refusing it registers nothing. */
export interface InfoRequest {
  readonly url: string;
  readonly subType: string | null;
  readonly skipTlsValidation: boolean;
  /** The certificate authority to trust, PEM; null: those of the machine. */
  readonly caCert: string | null;
  /** A path at `endpoints` whose rest is a path below the endpoint; good until this callout ends. */
  readonly reach: string;
}

/** What there is to know of an endpoint before anybody is connected to it. */
export interface InfoAnswer {
  readonly metadata?: JsonObject;
  /** Where OAuth2 tokens come from: absolute. */
  readonly tokenUrl?: string;
}

/** `register`: the record is about to be stored. Refusing it stores nothing. */
export interface RegisterRequest {
  readonly endpoint: Endpoint;
  readonly reach: string;
}

/** Changes to the record. */
export interface RegisterAnswer {
  readonly name?: string;
  readonly url?: string;
  readonly metadata?: JsonObject;
}

/** `connect`: a user gives their credentials. They are not stored; the token is. */
export interface ConnectRequest {
  readonly endpoint: Endpoint;
  /** One of the kinds of the manifest's `connect`. */
  readonly connectType: string;
  /** By the names of that kind's fields. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly reach: string;
}

/** What the credentials were good for. */
export interface ConnectAnswer {
  readonly token: EndpointToken;
  /** Whether the user is an administrator there; default false. */
  readonly admin?: boolean;
  /** What the user is called there. */
  readonly user?: string;
}

/** `validate`: whether a token counts. Any 2xx says that it does; `reach` sends it along. */
export interface ValidateRequest {
  readonly endpoint: Endpoint;
  readonly token: EndpointToken;
  readonly reach: string;
}

/** `update-metadata`: a user looks at these endpoints, of all types. The answer is shown and not kept; 2 s are all there is. */
export interface UpdateMetadataRequest {
  readonly endpoints: readonly (Endpoint & { readonly connected: boolean })[];
  readonly user: { readonly id: string; readonly name: string; readonly admin: boolean };
}

/** What this type has to say of endpoints, by their guid: it becomes `metadata.<type>` of each. */
export type UpdateMetadataAnswer = Readonly<Record<string, JsonObject>>;

/** `sign`: a request is about to be made with this token. */
export interface SignRequest {
  readonly endpoint: Endpoint;
  readonly token: EndpointToken;
  readonly method: string;
  /** Absolute. */
  readonly url: string;
}

/** What that request gets. */
export interface SignAnswer {
  readonly headers: Readonly<Record<string, string>>;
}

/** What has become of an endpoint of this plugin's types, as `GET /v1/events` tells it. */
export interface EndpointEvent {
  /** Of later events greater; also the cursor behind this event. */
  readonly id: number;
  readonly event: 'registered' | 'updated' | 'unregistered' | 'connected' | 'disconnected';
  /** When, milliseconds since 1970. */
  readonly at: number;
  readonly endpoint: Endpoint;
  /** Who has connected or disconnected. */
  readonly user?: string;
  /** Whether that user is an administrator there. */
  readonly admin?: boolean;
}
