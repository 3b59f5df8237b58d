import { nestsWithin } from '../bus/nests-within.ts';
import type { PresenceMeta } from './presence.ts';

/** An appearance as it is kept in Redis and travels between processes. */
export type Appearance = readonly [topic: string, key: string, meta: PresenceMeta];

/**
 * What a process says of its members. `seq` numbers what it writes, one by one; whoever misses a number reads the
 * members afresh.
 *
 * - `change`: these joined and left
 * - `replace`: it has written all of them anew
 * - `renew`: it lives, nothing changed
 * - `end`: it stops, and nobody is left
 */
export interface PresenceNotice {
  readonly node: string;
  readonly seq: number;
  readonly kind: 'change' | 'replace' | 'renew' | 'end';
  readonly joins?: readonly Appearance[];
  /** References. */
  readonly leaves?: readonly string[];
}

const KINDS: readonly unknown[] = ['change', 'replace', 'renew', 'end'] satisfies PresenceNotice['kind'][];

/** Parses what came over Redis; undefined when it is not a notice. */
export function parseNotice(payload: Buffer): PresenceNotice | undefined {
  const fields = parseJson(payload.toString());
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { node, seq, kind, joins = [], leaves = [] } = fields as Record<keyof PresenceNotice, unknown>;
  if (typeof node !== 'string' || !Number.isSafeInteger(seq) || !KINDS.includes(kind)) return undefined;
  if (!Array.isArray(joins) || !joins.every(isAppearance)) return undefined;
  if (!Array.isArray(leaves) || !leaves.every((ref) => typeof ref === 'string')) return undefined;
  return fields as PresenceNotice;
}

/** Parses what was kept in Redis; undefined when it is not an appearance. */
export function parseAppearance(text: string): Appearance | undefined {
  const value = parseJson(text);
  return isAppearance(value) ? value : undefined;
}

/** An appearance's reference. */
export function refOf([, , meta]: Appearance): string {
  return meta.phx_ref;
}

function isAppearance(value: unknown): value is Appearance {
  if (!Array.isArray(value)) return false;
  const [topic, key, meta] = value as unknown[];
  if (typeof topic !== 'string' || typeof key !== 'string') return false;
  if (typeof meta !== 'object' || meta === null || !nestsWithin(meta)) return false;
  return typeof (meta as { phx_ref?: unknown }).phx_ref === 'string';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
