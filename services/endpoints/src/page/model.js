/**
 * What the plugin answers, as far as the page shows it (docs/reference/endpoints.md).
 * @typedef {{ name: string, title?: string, secret: boolean, required: boolean, placeholder?: string }} Field
 * @typedef {{ kind: string, title?: string, fields: readonly Field[] }} Kind
 * @typedef {{ type: string, title?: string }} SubType
 * @typedef {{ type: string, plugin: string, title?: string, description?: string, subTypes: readonly SubType[],
 *   connect: readonly Kind[], available: boolean, reason?: string }} Type
 * @typedef {{ kind: string, shared: boolean, user: string | null, admin: boolean, expiresAt: number | null }} Connection
 * @typedef {{ guid: string, name: string, type: string, subType: string | null, url: string, owner: string | null,
 *   available: boolean, skipTlsValidation: boolean, hasCaCert: boolean, connection: Connection | null,
 *   metadata: Record<string, Record<string, unknown>> }} Endpoint
 * @typedef {{ type: string, plugin: string, code: string, reason: string }} Note
 * @typedef {{ id: string, name: string, admin: boolean, mayRegister: boolean }} You
 * @typedef {{ endpoints: readonly Endpoint[], notes: readonly Note[], you: You, types: readonly Type[] }} Answer
 */

/**
 * Where metrics of an endpoint are: at which Prometheus, and which labels they have there.
 * @typedef {{ prometheus: string, labels: Record<string, string> }} Source
 */

/**
 * How an endpoint is for whoever looks: a state to style, and the words for it.
 * @param {Endpoint} endpoint
 * @param {Type | undefined} type
 * @param {number} [now] ms
 */
export function stateOf({ available, connection }, type, now = Date.now()) {
  if (!available) return { state: 'unavailable', text: `Type unavailable: ${whyUnavailable(type)}` };
  if (!connection) return { state: 'unconnected', text: 'Not connected' };
  if (hasEnded(connection, now)) return { state: 'ended', text: 'The connection has ended: connect again' };
  const { shared, user, admin } = connection;
  const how = shared ? 'Connected for everybody' : 'Connected';
  const text = [user === null ? how : `${how} as ${user}`, ...(admin ? ['administrator there'] : [])].join(
    ', ',
  );
  return { state: shared ? 'shared' : 'connected', text };
}

/**
 * What stands small beside an endpoint.
 * @param {Endpoint} endpoint
 * @param {string | undefined} owner its name; undefined: everybody's
 */
export function detailsOf({ skipTlsValidation, hasCaCert, connection }, owner) {
  const until = connection?.expiresAt;
  return [
    ...(owner === undefined ? [] : [owner]),
    ...(skipTlsValidation ? ['its certificate is not looked at'] : []),
    ...(hasCaCert ? ['with a certificate of its own'] : []),
    ...(until ? [`connected until ${new Date(until).toLocaleString()}`] : []),
  ].join(' · ');
}

/**
 * The name of an endpoint's type and subtype.
 * @param {Endpoint} endpoint
 * @param {Type | undefined} type
 */
export function typeText({ type: name, subType }, type) {
  const title = type?.title ?? name;
  if (subType === null) return title;
  return `${title} · ${type?.subTypes.find((each) => each.type === subType)?.title ?? subType}`;
}

/**
 * What the plugin `metrics` says about an endpoint; anything that is no source is left out.
 * @param {Endpoint} endpoint
 * @returns {readonly Source[]}
 */
export function sourcesOf({ metadata }) {
  const sources = metadata['metrics']?.['sources'];
  return Array.isArray(sources) ? sources.filter(isSource) : [];
}

/** @param {Connection} connection @param {number} now */
function hasEnded({ expiresAt }, now) {
  return expiresAt !== null && expiresAt <= now;
}

/** @param {Type | undefined} type */
function whyUnavailable(type) {
  if (!type) return 'no plugin provides it now';
  return type.reason ?? `the plugin '${type.plugin}' is not ready`;
}

/** @param {any} value */
function isSource(value) {
  return typeof value?.prometheus === 'string' && typeof value.labels === 'object' && value.labels !== null;
}
