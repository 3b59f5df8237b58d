import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashCredential } from '@plugmesh/shared/access';
import { IDENTITY_HEADER, IdentityTokens, loadSecrets, pluginToken } from '@plugmesh/shared/identity';
import { createLog } from '@plugmesh/shared/log';
import { connectRedis, type RedisConnection } from '@plugmesh/shared/redis';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '@plugmesh/shared/testing';

const SECRETS = loadSecrets({ secrets: ['a secret of this test alone'], stateDir: '' });

/** A login as a browser has it: the cookie, and what the gateway knows by it. */
export interface Login {
  readonly cookie: string;
  readonly user: string;
  readonly name: string;
  readonly roles: readonly string[];
}

/** What is sent besides method and path. */
export interface Sending {
  readonly body?: unknown;
  readonly as?: Login;
  readonly operator?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReturnType<typeof JSON.parse>;
}

/**
 * The plugin as a process of its own, with a Redis of its own. The gateway's part is played here: the keys that identity
 * tokens are checked with, and the token of whoever shows a cookie.
 */
export class AccountsProcess {
  readonly redis: RedisServer;
  readonly connection: RedisConnection;
  readonly stateDir: string;
  readonly #config: object;
  readonly #tokens = new IdentityTokens(SECRETS);
  readonly #jwks: Server;
  #port = 0;
  #running: RunningProcess | undefined;

  private constructor(redis: RedisServer, stateDir: string, jwks: Server, config: object) {
    this.redis = redis;
    this.stateDir = stateDir;
    this.#jwks = jwks;
    this.#config = config;
    this.connection = connectRedis(redis.url, {
      name: 'test',
      log: createLog({ name: 'test', level: 'silent' }),
    });
  }

  static async start(config: object = {}): Promise<AccountsProcess> {
    const [redis, stateDir] = [
      await RedisServer.start(),
      await mkdtemp(join(tmpdir(), 'plugmesh-accounts-')),
    ];
    const { jwks } = new IdentityTokens(SECRETS);
    const server = createServer((_req, res) => res.end(JSON.stringify(jwks))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const started = new AccountsProcess(redis, stateDir, server, config);
    await started.resume();
    return started;
  }

  /** Everything that the plugin has written. */
  get output(): string {
    return this.#running?.output ?? '';
  }

  /** Starts the process, again on the same data. */
  async resume(): Promise<void> {
    this.#port = await freePort();
    this.#running = await startProcess(['node', 'src/main.ts'], {
      cwd: join(import.meta.dirname, '../..'),
      env: {
        PORT: String(this.#port),
        REDIS_URL: this.redis.url,
        PLUGMESH_STATE: this.stateDir,
        PLUGMESH_URL: `http://127.0.0.1:${(this.#jwks.address() as AddressInfo).port}`,
        PLUGMESH_TOKEN: pluginToken(SECRETS, 'accounts'),
        PLUGMESH_CONFIG: JSON.stringify(this.#config),
      },
      ready: /has started/,
    });
  }

  /** Ends the process; its data stay. */
  async pause(): Promise<void> {
    await this.#running?.stop();
  }

  async stop(): Promise<void> {
    await this.pause();
    this.#jwks.close();
    this.connection.disconnect();
    await this.redis.stop();
    await rm(this.stateDir, { recursive: true, force: true });
  }

  /** What the first administrator is given. */
  async firstLink(): Promise<{ name: string; link: string; endsAt: number }> {
    const first = JSON.parse(await readFile(this.firstLinkFile, 'utf8')) as {
      name: string;
      link: string;
      endsAt: number;
    };
    return { ...first, link: secretIn(first.link) };
  }

  get firstLinkFile(): string {
    return join(this.stateDir, 'first-link.json');
  }

  async send(
    method: string,
    path: string,
    { body, as, operator, headers = {} }: Sending = {},
  ): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(operator ? { authorization: `Bearer ${pluginToken(SECRETS, 'accounts')}` } : {}),
        ...(as ? { [IDENTITY_HEADER]: await this.#identity(as) } : {}),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : parse(text),
    };
  }

  /** Logs in, or uses a link, and keeps what a browser would. */
  async login(body: { name: string; password: string } | { link: string; password: string }): Promise<Login> {
    const answer = await this.send('POST', 'link' in body ? '/v1/link' : '/v1/login', { body });
    if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
    return loginOf(answer);
  }

  /** Whether gateways would still know this session. */
  async isAlive({ cookie }: Login): Promise<boolean> {
    return (await this.connection.exists(`plugmesh:session:${hashCredential(cookie)}`)) === 1;
  }

  /** Waits until Redis has what the database says: after a start, and after Redis came back. */
  async inStep(): Promise<void> {
    await eventually(() => this.connection.exists('accounts:written'), { timeoutMs: 15_000 });
  }

  #identity({ cookie, user: id, name, roles }: Login): Promise<string> {
    const guards = roles.includes('admin')
      ? (['key', 'session', 'admin'] as const)
      : (['key', 'session'] as const);
    const session = hashCredential(cookie);
    return this.#tokens.sign({ kind: 'user', id, name, roles, guards, session }, 'accounts');
  }
}

/** What the page sends of a one-time link. */
export function secretIn(link: string): string {
  return link.replace('link#', '');
}

/** What a browser has after an answer that logged it in. */
export function loginOf({ headers, body: { user, name, roles } }: Answer): Login {
  const cookie = /plugmesh-session=([\w-]{43});/.exec(headers.getSetCookie().join('\n'))?.[1];
  if (cookie === undefined) throw new Error('the answer sets no session cookie');
  return { cookie, user, name, roles };
}

function parse(text: string): unknown {
  return text.startsWith('{') ? JSON.parse(text) : text;
}
