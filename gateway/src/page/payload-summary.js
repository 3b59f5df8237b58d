const MOST_VALUES = 2;
const LONGEST_TEXT = 24;

/**
 * How fields that many plugins have are written; null: they tell little in one line.
 * @type {Readonly<Record<string, null | ((value: unknown) => string)>>}
 */
const KNOWN_FIELDS = {
  memoryBytes: (value) => `${Math.round(Number(value) / (1 << 20))} MiB`,
  language: null,
  version: null,
  pid: null,
  uptimeSeconds: null,
};

/**
 * The first values of a payload, short enough for one line: `['41 MiB', '3 goroutines']`.
 * @param {unknown} payload
 * @returns {string[]}
 */
export function payloadSummary(payload) {
  if (payload instanceof ArrayBuffer) return [`${payload.byteLength} bytes`];
  if (Array.isArray(payload)) return [`${payload.length} entries`];
  return Object.entries(payload ?? {})
    .flatMap(([name, value]) => fieldText(name, value))
    .slice(0, MOST_VALUES);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {string[]} nothing for what is not a value, or tells nothing
 */
function fieldText(name, value) {
  const known = Object.hasOwn(KNOWN_FIELDS, name) ? KNOWN_FIELDS[name] : undefined;
  if (known === null) return [];
  if (known && typeof value === 'number') return [known(value)];
  if (typeof value === 'number') return [`${shortNumber(value)} ${inWords(name)}`];
  if (typeof value === 'string') return value === '' ? [] : [shortText(value)];
  return typeof value === 'boolean' ? [`${value ? '' : 'not '}${inWords(name)}`] : [];
}

/** @param {number} value */
function shortNumber(value) {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** @param {string} text */
function shortText(text) {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
}

/** @param {string} name */
function inWords(name) {
  return shortText(name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase());
}
