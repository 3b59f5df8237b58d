import OAuth2Server, { type Client, type RefreshToken, type Token } from '@node-oauth/oauth2-server';
import express, { type Request, type Response } from 'express';
import { ExternalSystem } from './external-system.ts';

/** What clients have to be and get. */
const CLIENT = { id: 'mesh', secret: 'hunter2 & more', grants: ['client_credentials', 'refresh_token'] };
const USER = { id: 'robot' };

/** An OAuth2 server by a library that is not ours, with an API that takes its tokens. */
export class OAuth2System {
  /** Clients show their secret in the body alone. */
  bodyOnly = false;
  /** Each refresh token is good for one renewal. */
  rotates = true;
  seconds = 3600;
  /** No token is given before. */
  hold: Promise<unknown> = Promise.resolve();
  /** How often a token was asked for. */
  asked = 0;
  /** How many tokens were given. */
  given = 0;
  readonly client = CLIENT;
  readonly #tokens = new Map<string, Token>();
  readonly #refreshTokens = new Map<string, RefreshToken>();
  system!: ExternalSystem;

  static async start(): Promise<OAuth2System> {
    const made = new OAuth2System();
    made.system = await ExternalSystem.http(made.#app());
    return made;
  }

  get tokenUrl(): string {
    return `${this.system.url}/oauth/token`;
  }

  /** Makes a refresh token as a login in a browser would. */
  addRefreshToken(refreshToken: string): void {
    this.#refreshTokens.set(refreshToken, { refreshToken, client: CLIENT, user: USER, scope: ['read'] });
  }

  /** Ends every token that was given. */
  revoke(): void {
    this.#tokens.clear();
  }

  /** Whether a request shows a token that is good. */
  knows(authorization: string | undefined): boolean {
    return this.#tokens.has(authorization?.replace(/^Bearer /, '') ?? '');
  }

  stop(): void {
    this.system.stop();
  }

  #app() {
    const server = new OAuth2Server({ model: this.#model() as never });
    return express()
      .use(express.urlencoded())
      .post('/oauth/token', async (request: Request, response: Response) => {
        this.asked += 1;
        await this.hold;
        if (this.bodyOnly) delete request.headers.authorization;
        const answer = new OAuth2Server.Response(response);
        await server
          .token(new OAuth2Server.Request(request), answer, {
            accessTokenLifetime: this.seconds,
            alwaysIssueNewRefreshToken: this.rotates,
          })
          .catch(() => undefined);
        response
          .status(answer.status ?? 500)
          .set(answer.headers ?? {})
          .send(answer.body);
      })
      .get('/shown', (request: Request, response: Response) => {
        response.send(request.headers.authorization?.split(' ', 1)[0] ?? 'nothing');
      });
  }

  #model() {
    return {
      getClient: (id: string, secret: string) => id === CLIENT.id && secret === CLIENT.secret && CLIENT,
      getUserFromClient: () => USER,
      validateScope: (_user: unknown, _client: Client, scope?: string[]) =>
        scope?.includes('root') !== true && (scope ?? ['read']),
      saveToken: (token: Token, client: Client) => {
        this.given += 1;
        const saved = { ...token, client, user: USER };
        this.#tokens.set(token.accessToken, saved);
        const { refreshToken } = saved;
        if (refreshToken !== undefined) this.#refreshTokens.set(refreshToken, { ...saved, refreshToken });
        return saved;
      },
      getAccessToken: (token: string) => this.#tokens.get(token),
      getRefreshToken: (token: string) => this.#refreshTokens.get(token),
      revokeToken: ({ refreshToken }: RefreshToken) => this.#refreshTokens.delete(refreshToken),
    };
  }
}
