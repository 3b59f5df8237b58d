/** What a row of the error table says: the HTTP status it answers with, and a short title. */
export interface ErrorRow {
  readonly status: number;
  readonly title: string;
}

/** Every code that leaves a process. `docs/reference/errors.md` lists the same rows; a test compares both. */
export const ERROR_CODES = {
  // Configuration and manifests
  MESH_CONFIG_SYNTAX: { status: 500, title: 'plugmesh.toml cannot be parsed' },
  MESH_CONFIG_UNKNOWN_KEY: { status: 500, title: 'A setting that does not exist' },
  MESH_CONFIG_INVALID: { status: 500, title: 'A setting with a value that does not fit' },
  MESH_CONFIG_UNSET_VARIABLE: { status: 500, title: 'A variable that is not set' },
  MESH_MANIFEST_SYNTAX: { status: 422, title: 'plugin.json cannot be parsed' },
  MESH_MANIFEST_UNKNOWN_FIELD: { status: 422, title: 'A field that manifests do not have' },
  MESH_MANIFEST_INVALID: { status: 422, title: 'A field with a value that does not fit' },
  MESH_MANIFEST_CLASH: { status: 422, title: 'Two plugins claim the same name, path or topic' },
  MESH_DEPENDENCY_CYCLE: { status: 422, title: 'Plugins depend on one another in a circle' },
  MESH_DOCUMENT_INVALID: { status: 500, title: 'A mesh document that does not hold together' },
  // Starting and stopping
  MESH_PORT_TAKEN: { status: 500, title: 'A port is in use by another process' },
  MESH_REDIS_MISSING: { status: 500, title: 'No Redis server was found' },
  MESH_REDIS_UNAVAILABLE: { status: 503, title: 'Redis cannot be reached' },
  MESH_SETUP_FAILED: { status: 500, title: "A plugin's setup command failed" },
  MESH_REQUIREMENT_MISSING: { status: 500, title: 'A program that a plugin requires is missing' },
  MESH_PLUGIN_NOT_LISTENING: { status: 502, title: 'A plugin did not listen on its port in time' },
  MESH_PLUGIN_EXITED: { status: 502, title: "A plugin's process ended by itself" },
  MESH_PLUGIN_NOT_STOPPING: { status: 500, title: "A plugin's process did not stop in time" },
  MESH_RELOAD_FAILED: { status: 409, title: "A plugin's new version did not get ready" },
  MESH_ALREADY_RUNNING: { status: 409, title: 'This mesh is already running' },
  MESH_NOT_RUNNING: { status: 500, title: 'This mesh is not running' },
  MESH_STEP_FAILED: { status: 500, title: 'A step of starting or stopping failed or took too long' },
  MESH_SYSTEM_REFUSED: { status: 500, title: 'The system refused something, of a file or a program' },
  MESH_USAGE: { status: 500, title: 'A command that cannot be understood' },
  // Control
  MESH_UNAUTHORIZED: { status: 401, title: 'A credential is missing or not valid' },
  MESH_FORBIDDEN: { status: 403, title: 'The credential does not allow this' },
  MESH_NOT_FOUND: { status: 404, title: 'Nothing is at this address' },
  MESH_BAD_REQUEST: { status: 400, title: 'The request cannot be understood' },
  MESH_NAME_TAKEN: { status: 409, title: 'The name is taken' },
  MESH_NOT_SUPPORTED: { status: 501, title: 'This mesh cannot do that here' },
  MESH_INTERNAL: { status: 500, title: 'Something went wrong inside plugmesh' },
  // Gateway
  MESH_PLUGIN_UNKNOWN: { status: 404, title: 'No plugin has this name' },
  MESH_PLUGIN_UNAVAILABLE: { status: 503, title: 'The plugin has no instance that can answer now' },
  MESH_UPSTREAM_FAILED: { status: 502, title: 'The plugin closed the connection or answered garbage' },
  MESH_UPSTREAM_TIMEOUT: { status: 504, title: 'The plugin did not answer in time' },
  MESH_RESPONSE_TOO_LARGE: { status: 502, title: 'The answer of the plugin is larger than the route allows' },
  MESH_MIDDLEWARE_FAILED: { status: 503, title: 'A middleware that must be asked did not answer' },
  MESH_OVERLOADED: { status: 503, title: 'Too many requests are waiting' },
  MESH_LENGTH_REQUIRED: { status: 411, title: 'This method takes no chunked body' },
  MESH_REQUEST_TIMEOUT: { status: 408, title: 'The request did not arrive in time' },
  MESH_BODY_TOO_LARGE: { status: 413, title: 'The body is larger than the route allows' },
  MESH_URI_TOO_LONG: { status: 414, title: 'The URL is longer than 8 KiB' },
  MESH_HEADERS_TOO_LARGE: { status: 431, title: 'The headers are larger than 16 KiB or more than 128' },
  MESH_MISDIRECTED: { status: 421, title: 'This host name is not served here' },
  MESH_METHOD_NOT_ALLOWED: { status: 405, title: 'This method is not served here' },
  MESH_LOOP: { status: 508, title: 'The request has been here before' },
  MESH_VERSION_REFUSED: { status: 403, title: 'This version of the channel protocol is not spoken here' },
  MESH_TOPIC_UNMATCHED: { status: 404, title: 'No rule names this topic' },
  MESH_RATE_LIMITED: {
    status: 429,
    title: 'Too many requests, messages, topics or attempts from one client',
  },
  MESH_IDEMPOTENCY_MISMATCH: { status: 422, title: 'An idempotency key was given with another message' },
  MESH_HISTORY_GONE: { status: 410, title: 'Events behind this one are no longer kept' },
  MESH_ORIGIN_REFUSED: { status: 403, title: 'This origin may not connect' },
  MESH_XSRF_REFUSED: { status: 403, title: 'A page of another origin may have sent this' },
  MESH_SERVICE_WORKER_REFUSED: { status: 403, title: 'Plugins may not install service workers' },
  // Endpoints
  MESH_ENDPOINT_UNKNOWN: { status: 404, title: 'No endpoint that this user may see has this id' },
  MESH_ENDPOINT_EXISTS: { status: 409, title: 'This URL is registered already' },
  MESH_ENDPOINT_TYPE_UNKNOWN: { status: 422, title: 'No plugin provides this type of endpoint' },
  MESH_ENDPOINT_TYPE_UNAVAILABLE: {
    status: 503,
    title: 'The plugin that provides this type of endpoint is not ready',
  },
  MESH_ENDPOINT_REFUSED: { status: 422, title: 'This mesh may not connect to that address' },
  MESH_ENDPOINT_UNREACHABLE: { status: 502, title: 'The external system cannot be reached' },
  MESH_ENDPOINT_TLS: { status: 502, title: 'The certificate of the external system is not trusted' },
  MESH_ENDPOINT_TIMEOUT: { status: 504, title: 'The external system did not answer in time' },
  MESH_ENDPOINT_INVALID: { status: 422, title: 'What answers there is not of this type' },
  MESH_ENDPOINT_NOT_CONNECTED: { status: 409, title: 'This user is not connected to the endpoint' },
  MESH_ENDPOINT_CREDENTIALS: { status: 400, title: 'The external system does not accept these credentials' },
  MESH_ENDPOINT_EXPIRED: { status: 409, title: 'The credential has ended and could not be renewed' },
  MESH_ENDPOINT_CALLOUT_FAILED: { status: 502, title: 'The plugin of this type did not answer as it should' },
} as const satisfies Record<string, ErrorRow>;

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_CODES;
