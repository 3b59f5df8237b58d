import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

/** The part of the mesh that plugins verify tokens with: keys that are published, and tokens signed with them. */
export class MeshKeys {
  readonly #server: Server;
  #published: JWK[] = [];
  #current: { readonly kid: string; readonly privateKey: CryptoKey } | undefined;
  /** How often the keys were fetched. */
  fetched = 0;
  /** Whether the keys can be fetched. */
  isAway = false;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.fetched++;
      const isHere = request.url === '/.well-known/jwks.json' && !this.isAway;
      response.writeHead(isHere ? 200 : 503, { 'content-type': 'application/json' });
      response.end(isHere ? JSON.stringify({ keys: this.#published }) : '{}');
    });
  }

  static async start(): Promise<MeshKeys> {
    const keys = new MeshKeys();
    await keys.rotate();
    keys.#server.listen(0, '127.0.0.1');
    await once(keys.#server, 'listening');
    return keys;
  }

  /** What plugins are given as `PLUGMESH_URL`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** Signs with another key from now on; those before stay published. */
  async rotate(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const kid = `key-${this.#published.length}`;
    this.#current = { kid, privateKey };
    this.#published = [
      { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' },
      ...this.#published,
    ];
  }

  /** A token of the mesh with these claims, of which undefined ones are left out, and a header that may be forged. */
  async sign(claims: JWTPayload, header: { kid?: string; alg?: string } = {}): Promise<string> {
    const { kid, privateKey } = this.#current!;
    const forged = header.alg === 'HS256' ? new TextEncoder().encode(this.#published[0]?.x) : privateKey;
    return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid, ...header }).sign(forged);
  }
}
