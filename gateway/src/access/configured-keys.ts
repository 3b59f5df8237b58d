import { hashCredential, isSameSecret } from '@plugmesh/shared/access';
import type { MeshDocument } from '@plugmesh/shared/mesh-document';
import { configuredKeyCaller, type Caller } from './caller.ts';

interface ConfiguredKey {
  readonly caller: Caller;
  readonly hash: string;
}

/** The keys that stand in the configuration: `gateway.api_key` and those of plugins. */
export class ConfiguredKeys {
  readonly #keys: readonly ConfiguredKey[];

  constructor(gatewayKey: string | undefined, { plugins }: Pick<MeshDocument, 'plugins'>) {
    const hashes = [
      ['gateway', gatewayKey && hashCredential(gatewayKey)] as const,
      ...plugins.map(({ id, http }) => [id, http.keyHash] as const),
    ];
    this.#keys = hashes.flatMap(([id, hash]) =>
      hash === undefined ? [] : [{ caller: configuredKeyCaller(id), hash }],
    );
  }

  /** Whose key this is. Of several plugins with the same key it is the one that is asked, if it is among them. */
  find(text: string, asked: string): Caller | undefined {
    if (this.#keys.length === 0) return undefined;
    const hash = hashCredential(text);
    // Every key is tried, so that the time says nothing about which one fits.
    const fitting = this.#keys.filter((key) => isSameSecret(key.hash, hash));
    const counting = fitting.find(
      ({ caller }) => caller.plugins.includes('*') || caller.plugins.includes(asked),
    );
    return (counting ?? fitting[0])?.caller;
  }
}
