/** A text in the JSON object that a client sent; undefined when there is none. */
export function textField(payload: string | Buffer, name: string): string | undefined {
  if (typeof payload !== 'string') return undefined;
  const fields: unknown = JSON.parse(payload);
  if (typeof fields !== 'object' || fields === null || !Object.hasOwn(fields, name)) return undefined;
  const value = (fields as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}
