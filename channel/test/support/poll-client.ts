/** An answer of `/socket/longpoll`, and what HTTP said. */
export interface PollReply {
  readonly http: number;
  readonly status: number;
  readonly token: string;
  readonly messages: readonly string[];
  readonly code?: number;
  readonly headers: Headers;
}

/** A long-poll client that knows nothing of the protocol: it polls when it is told to. */
export class PollClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  /** The newest token. */
  token = '';

  /** `origin` is that of a channel process or a gateway; `query` what the client appends to its address; `headers` what a gateway would add. */
  constructor(origin: string, query = 'vsn=2.0.0', headers: Readonly<Record<string, string>> = {}) {
    this.#headers = headers;
    this.#url = `${origin}/socket/longpoll?${query}`;
  }

  static async open(...where: ConstructorParameters<typeof PollClient>): Promise<PollClient> {
    const client = new PollClient(...where);
    await client.poll();
    return client;
  }

  /** One GET, with the newest token or another one. */
  async poll({ token = this.token, ...init }: RequestInit & { token?: string } = {}): Promise<PollReply> {
    const reply = await this.#ask(token, init);
    if (reply.token) this.token = reply.token;
    return reply;
  }

  /** Posts arrays as lines of JSON, bytes as base64, texts as they are. */
  post(...frames: readonly (readonly unknown[] | Buffer | string)[]): Promise<PollReply> {
    const lines = frames.map((frame) => {
      if (Buffer.isBuffer(frame)) return frame.toString('base64');
      return typeof frame === 'string' ? frame : JSON.stringify(frame);
    });
    return this.postBody(lines.join('\n'));
  }

  postBody(body: string | Buffer, type = 'application/x-ndjson'): Promise<PollReply> {
    return this.#ask(this.token, {
      method: 'POST',
      body: Buffer.from(body),
      headers: { 'Content-Type': type },
    });
  }

  /** Polls until there is a message, however many windows that takes. */
  async pollOn(init?: Parameters<PollClient['poll']>[0]): Promise<PollReply> {
    const reply = await this.poll(init);
    return reply.status === 204 ? this.pollOn() : reply;
  }

  /** Polls until there are so many messages; answers them parsed. */
  async take(count: number): Promise<unknown[][]> {
    const messages: unknown[][] = [];
    while (messages.length < count) {
      const { status, messages: more } = await this.poll();
      if (status !== 200 && status !== 204) throw new Error(`the connection is over: ${status}`);
      messages.push(...more.map((text) => JSON.parse(text) as unknown[]));
    }
    return messages;
  }

  /** Joins; answers the id of the reply, and has read the presence state. */
  async join(topic: string, joinRef = 'j1', payload: unknown = {}): Promise<string> {
    await this.post([joinRef, `${joinRef}r`, topic, 'phx_join', payload]);
    const [reply] = await this.take(2);
    const { status, response } = reply?.[4] as { status: string; response: { id: string } };
    if (status !== 'ok') throw new Error(`join was refused: ${JSON.stringify(response)}`);
    return response.id;
  }

  async #ask(token: string, init: RequestInit): Promise<PollReply> {
    const address = token === '' ? this.#url : `${this.#url}&token=${encodeURIComponent(token)}`;
    const headers = { ...this.#headers, ...(init.headers as Record<string, string> | undefined) };
    const response = await fetch(address, { ...init, headers });
    const body = (await response.json()) as Omit<PollReply, 'http' | 'headers'>;
    return { ...body, http: response.status, headers: response.headers };
  }
}
