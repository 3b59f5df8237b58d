import type { Registration } from '@plugmesh/shared/mesh-document';
import { readState, writeState } from '@plugmesh/shared/processes';

/** Instances renew every 5 s; one that has been silent for this long is gone (contracts § 1.6). */
export const REGISTRATION_MS = 15_000;

/** Where they are kept, and a clock in milliseconds. */
export interface RegistrationsOptions {
  /** A file of the state folder; absent: in memory only. */
  readonly file?: string;
  readonly now?: () => number;
}

/**
 * The live set of instances that registered themselves. It outlives the process: those that were alive have 15 s from
 * the start to renew, so that a `mesh` that is started again takes nobody's route away.
 */
export class Registrations {
  readonly #now: () => number;
  readonly #file: string | undefined;
  readonly #entries = new Map<string, { registration: Registration; expiresAt: number }>();

  constructor({ file, now = () => performance.now() }: RegistrationsOptions = {}) {
    this.#now = now;
    this.#file = file;
    for (const registration of file === undefined ? [] : readRegistrations(file)) this.#put(registration);
  }

  /** Registers or renews an instance. Returns whether something changed. */
  register(registration: Registration): boolean {
    const before = this.#entries.get(keyOf(registration.plugin, registration.instance))?.registration;
    this.#put(registration);
    const isNew = JSON.stringify(before) !== JSON.stringify(registration);
    if (isNew) this.#save();
    return isNew;
  }

  /** Forgets an instance. Returns whether it was known. */
  deregister(plugin: string, instance: string): boolean {
    const wasKnown = this.#entries.delete(keyOf(plugin, instance));
    if (wasKnown) this.#save();
    return wasKnown;
  }

  /** The instances that are alive. */
  live(): Registration[] {
    const now = this.#now();
    const expired = [...this.#entries].filter(([, { expiresAt }]) => expiresAt <= now);
    for (const [key] of expired) this.#entries.delete(key);
    if (expired.length > 0) this.#save();
    return [...this.#entries.values()].map(({ registration }) => registration);
  }

  #put(registration: Registration): void {
    const key = keyOf(registration.plugin, registration.instance);
    this.#entries.set(key, { registration, expiresAt: this.#now() + REGISTRATION_MS });
  }

  #save(): void {
    const list = [...this.#entries.values()].map(({ registration }) => registration);
    if (this.#file !== undefined) writeState(this.#file, list);
  }
}

/** They were checked before they were written. */
function readRegistrations(file: string): Registration[] {
  const list = readState(file);
  return Array.isArray(list) ? (list as Registration[]) : [];
}

// A plugin's name has no slash.
function keyOf(plugin: string, instance: string): string {
  return `${plugin}/${instance}`;
}
