import type { Registration } from '@plugmesh/shared/mesh-document';

/** Instances renew every 5 s; one that has been silent for this long is gone (contracts § 1.6). */
export const REGISTRATION_MS = 15_000;

/** The live set of instances that registered themselves. */
export class Registrations {
  readonly #now: () => number;
  readonly #entries = new Map<string, { registration: Registration; expiresAt: number }>();

  /** `now` is a clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Registers or renews an instance. Returns whether something changed. */
  register(registration: Registration): boolean {
    const key = keyOf(registration.plugin, registration.instance);
    const before = this.#entries.get(key)?.registration;
    this.#entries.set(key, { registration, expiresAt: this.#now() + REGISTRATION_MS });
    return JSON.stringify(before) !== JSON.stringify(registration);
  }

  /** Forgets an instance. Returns whether it was known. */
  deregister(plugin: string, instance: string): boolean {
    return this.#entries.delete(keyOf(plugin, instance));
  }

  /** The instances that are alive. */
  live(): Registration[] {
    const now = this.#now();
    for (const [key, { expiresAt }] of this.#entries) if (expiresAt <= now) this.#entries.delete(key);
    return [...this.#entries.values()].map(({ registration }) => registration);
  }
}

// A plugin's name has no slash.
function keyOf(plugin: string, instance: string): string {
  return `${plugin}/${instance}`;
}
