/** Where plugins answer that have nothing at `/`. */
const PATHS: Readonly<Record<string, string>> = { metrics: 'openapi.json', packages: 'openapi.json' };

/** Somebody with an API key that opens `session`, who asks plugins whether they are there. */
export class Visitor {
  readonly #headers: Readonly<Record<string, string>>;

  constructor(key: string) {
    this.#headers = { 'x-api-key': key };
  }

  /** Why a GET was not answered with 200; undefined when it was. */
  async failureOf(origin: string, plugin: string): Promise<string | undefined> {
    const url = `${origin}/api/${plugin}/${PATHS[plugin] ?? ''}`;
    try {
      const response = await fetch(url, { headers: this.#headers, signal: AbortSignal.timeout(5000) });
      const text = await response.text();
      return response.ok ? undefined : `${response.status} ${text.slice(0, 200)}`;
    } catch (error) {
      return String((error as Error).cause ?? error);
    }
  }
}
