import type { RequestListener } from 'node:http';
import type { Certificate } from './certificates.ts';
import { ExternalSystem } from './external-system.ts';

/** An external system as the type `plain` describes one: who it is, and who its users are. */
export class PlainSystem {
  /** What its user path takes; anything else is 401. */
  accepts: (authorization: string | undefined) => boolean = () => true;
  /** What its path of information answers with. */
  infoStatus = 200;
  #server!: ExternalSystem;

  static async start(certificate?: Certificate): Promise<PlainSystem> {
    const system = new PlainSystem();
    system.#server = await (certificate
      ? ExternalSystem.https(certificate, system.#answer)
      : ExternalSystem.http(system.#answer));
    return system;
  }

  get port(): number {
    return this.#server.port;
  }

  get url(): string {
    return this.#server.url;
  }

  stop(): void {
    this.#server.stop();
  }

  readonly #answer: RequestListener = ({ url: path = '', headers }, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (path === '/api/version') answer(this.infoStatus, { version: '3.1' });
    else if (path === '/api/user' && this.accepts(headers.authorization)) answer(200, { login: 'ada-there' });
    else if (path === '/api/user') answer(401, { error: 'no' });
    else answer(404, {});
  };
}
