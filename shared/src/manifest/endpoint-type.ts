/** The callouts that a plugin can answer for its endpoint types (contracts § 1.7). */
export const ENDPOINT_HOOKS = ['info', 'register', 'connect', 'validate', 'update-metadata', 'sign'] as const;

/** A callout by its name. */
export type EndpointHook = (typeof ENDPOINT_HOOKS)[number];

/** One field that a user fills in to connect. */
export interface ConnectField {
  readonly name: string;
  readonly title: string;
  /** Not shown while it is typed, and never told again. */
  readonly secret: boolean;
  readonly required: boolean;
  readonly placeholder?: string;
}

/** One way to connect to endpoints of a type, with everything that a dialog needs. */
export interface ConnectKind {
  /** One of `BUILT_IN_KINDS`, or a name of the type's own, which its hook `connect` understands. */
  readonly kind: string;
  readonly title: string;
  /** Kind `token`: the header that carries the field `token`. */
  readonly header?: string;
  /** Kind `token`: what stands before the token in that header. */
  readonly prefix?: string;
  /** OAuth2: the token endpoint's path at the endpoint's own origin. */
  readonly tokenPath?: string;
  readonly fields: readonly ConnectField[];
}

/** A variant of a type, chosen when an endpoint is registered. */
export interface EndpointSubType {
  readonly type: string;
  readonly title: string;
}

/** A type of endpoint as a manifest describes it, with its defaults filled in. */
export interface EndpointType {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly subTypes: readonly EndpointSubType[];
  readonly connect: readonly ConnectKind[];
  /** Answers 2xx without credentials at every endpoint of this type; a JSON object becomes metadata. */
  readonly infoPath?: string;
  /** Answers 2xx to a credential that is valid. */
  readonly userPath?: string;
  /** Member of that answer that is the user's name there. */
  readonly userName?: string;
  readonly hooks: readonly EndpointHook[];
  /** Below this path the plugin answers its hooks; not there without hooks. */
  readonly callouts?: string;
}
