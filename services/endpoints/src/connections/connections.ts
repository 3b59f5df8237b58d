import { MeshError } from '@plugmesh/sdk';
import type { Caller } from '../callers.ts';
import type { EndpointDesk } from '../endpoints/endpoint-desk.ts';
import type { Token } from '../outbound/token.ts';
import type { Cipher } from '../secrets/cipher.ts';
import { placeOf } from '../secrets/place.ts';
import { endOf, tokenSchema } from '../secrets/token.ts';
import type { ConnectionRecord } from '../store/connection-records.ts';
import type { EndpointRecord } from '../store/endpoint-records.ts';
import type { Store } from '../store/store.ts';

/** What a user may use of an endpoint now. */
export interface Usable {
  readonly endpoint: EndpointRecord;
  readonly token: Token;
  /** Grows with every change of the credential. */
  readonly version: number;
  /** Whether it is the user's own connection, or everybody's. */
  readonly scope: 'own' | 'shared';
  readonly record: ConnectionRecord;
}

/** What reading credentials needs. */
export interface ConnectionsParts {
  readonly store: Store;
  readonly cipher: Cipher;
  readonly desk: EndpointDesk;
}

/** The credentials that are kept, as those read them who use them. */
export class Connections {
  readonly #parts: ConnectionsParts;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
  }

  /**
   * A user's own connection, else everybody's. Rejects with MESH_ENDPOINT_UNKNOWN for an endpoint that the user does not
   * see, MESH_ENDPOINT_NOT_CONNECTED, or MESH_ENDPOINT_EXPIRED for one whose key is gone.
   */
  async usableFor(user: Caller, guid: string): Promise<Usable> {
    const { store, desk } = this.#parts;
    const endpoint = await desk.get(user, guid);
    const own = await store.connections.find({ guid, userId: user.id });
    const record = own ?? (await store.connections.find({ guid, userId: '' }));
    if (record) return this.#open(endpoint, record);
    throw new MeshError(
      'MESH_ENDPOINT_NOT_CONNECTED',
      `nobody is connected to '${endpoint.name}' for ${user.name}`,
      {
        fix: `connect: POST /api/endpoints/v1/endpoints/${guid}/connection`,
      },
    );
  }

  /**
   * Keeps a renewed credential if the one it comes from is still there; else resolves to the one that is. Rejects with
   * MESH_ENDPOINT_NOT_CONNECTED when there is none any more.
   */
  async renewed({ endpoint, record }: Usable, token: Token): Promise<Usable> {
    const { store, cipher } = this.#parts;
    const secret = cipher.seal(token, placeOf(record));
    const kept = await store.connections.renew(record, { secret, expiresAt: endOf(token) });
    const now = kept ?? (await store.connections.find(record));
    if (now) return this.#open(endpoint, now);
    throw new MeshError(
      'MESH_ENDPOINT_NOT_CONNECTED',
      `the connection to '${endpoint.name}' was ended meanwhile`,
      {
        fix: 'connect again',
      },
    );
  }

  #open(endpoint: EndpointRecord, record: ConnectionRecord): Usable {
    const token = tokenSchema.safeParse(this.#parts.cipher.open(record.secret, placeOf(record))).data;
    if (token)
      return {
        endpoint,
        token,
        version: record.version,
        scope: record.userId === '' ? 'shared' : 'own',
        record,
      };
    throw new MeshError(
      'MESH_ENDPOINT_EXPIRED',
      `the credentials for '${endpoint.name}' cannot be decrypted`,
      {
        fix: 'connect again, or have the operator put back the key that they were encrypted with',
      },
    );
  }
}
