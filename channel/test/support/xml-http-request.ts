const DONE = 4;

/** As much of browsers' XMLHttpRequest as the official client uses, over `fetch`: Node has none. */
export class XMLHttpRequest {
  readyState = 0;
  responseText = '';
  timeout = 0;
  onreadystatechange: () => void = () => undefined;
  onerror: () => void = () => undefined;
  ontimeout: () => void = () => undefined;
  readonly #abort = new AbortController();
  #url = '';
  #init: RequestInit & { headers: Record<string, string> } = { headers: {} };

  open(method: string, url: string): void {
    this.#init.method = method;
    this.#url = url;
    this.#become(1);
  }

  setRequestHeader(name: string, value: string): void {
    this.#init.headers[name] = value;
  }

  send(body: string | null): void {
    const signals = [this.#abort.signal, ...(this.timeout > 0 ? [AbortSignal.timeout(this.timeout)] : [])];
    fetch(this.#url, { ...this.#init, body, signal: AbortSignal.any(signals) })
      .then((response) => response.text())
      .then(
        (text) => {
          this.responseText = text;
          this.#become(DONE);
        },
        (error: unknown) => this.#fail(error as Error),
      );
  }

  abort(): void {
    this.#abort.abort();
    if (this.readyState !== DONE) this.#become(DONE);
  }

  #fail(error: Error): void {
    if (this.#abort.signal.aborted) return;
    this.#become(DONE);
    if (error.name === 'TimeoutError') this.ontimeout();
    else this.onerror();
  }

  #become(state: number): void {
    this.readyState = state;
    this.onreadystatechange();
  }
}
