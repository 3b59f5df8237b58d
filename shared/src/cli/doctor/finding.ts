import { formatPosition, type MeshError } from '../../errors/index.ts';

/** What was looked at, and how it is. */
export interface Finding {
  /** `warning`: the mesh runs, but not as well as it could. `error`: it, or a plugin, does not. */
  readonly level: 'ok' | 'warning' | 'error';
  /** One word or two: `redis`, `port of gateway`. */
  readonly check: string;
  /** One sentence. */
  readonly text: string;
  /** What to do, for all but `ok`. */
  readonly fix?: string;
}

/** It is as it should be. */
export function fine(check: string, text: string): Finding {
  return { level: 'ok', check, text };
}

/** It works, but something is in the way. */
export function warning(check: string, text: string, fix: string): Finding {
  return { level: 'warning', check, text, fix };
}

/** It does not work. */
export function wrong(check: string, text: string, fix: string): Finding {
  return { level: 'error', check, text, fix };
}

/** A problem that another check has found. */
export function findingOf(check: string, problem: MeshError, level: Finding['level'] = 'error'): Finding {
  const { code, position, message, fix } = problem;
  const where = position ? `${formatPosition(position)} ` : '';
  return {
    level,
    check,
    text: `${code} ${where}${message}`,
    fix: fix ?? `docs/reference/errors.md#${code.toLowerCase()}`,
  };
}
