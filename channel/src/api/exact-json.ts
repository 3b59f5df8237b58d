/** What TypeScript's library does not know yet (ECMAScript's JSON.parse source text access). */
interface ExactJson {
  parse(text: string, revive: (key: string, value: unknown, at: { source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}

const json = JSON as unknown as ExactJson;

/**
 * Parses JSON so that `JSON.stringify` gives every number back as it was written, also those that JavaScript has no number
 * for: what is published is what was sent. Throws a SyntaxError, or a RangeError when it nests too deeply.
 */
export function parseExactJson(text: string): unknown {
  return json.parse(text, (_, value, { source = '' }) =>
    typeof value === 'number' && String(value) !== source ? json.rawJSON(source) : value,
  );
}

/** Whether a value is a JSON object or array. A number as it was written is an object of its own kind. */
export function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !json.isRawJSON(value);
}
