import { MeshError } from '@plugmesh/shared/errors';
import { z } from 'zod';

/** Gateways report every 5 s; what one has said is forgotten when it has been silent for this long. */
const REPORT_MS = 15_000;

const count = z.int().min(0);

const report = z.strictObject({
  instances: z.array(
    z.strictObject({
      plugin: z.string(),
      url: z.string(),
      state: z.enum(['unknown', 'healthy', 'unhealthy', 'refusing', 'ejected', 'draining']),
      inFlight: count,
      waiting: count,
    }),
  ),
});

type Report = z.infer<typeof report>;

/** What the gateway processes say of an instance, all together. */
export interface Traffic {
  /** How many processes see it in which state. */
  readonly gateways: Readonly<Record<string, number>>;
  readonly inFlight: number;
  readonly waiting: number;
}

/** What gateway processes last said about instances; in memory only, because they say it again soon. */
export class GatewayReports {
  readonly #now: () => number;
  readonly #reports = new Map<string, { readonly report: Report; readonly expiresAt: number }>();

  /** `now`: a clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes over what one process says. Throws MESH_BAD_REQUEST. */
  accept(gateway: string, value: unknown): void {
    const parsed = report.safeParse(value);
    if (!parsed.success) throw new MeshError('MESH_BAD_REQUEST', z.prettifyError(parsed.error));
    const now = this.#now();
    for (const [id, { expiresAt }] of this.#reports) if (expiresAt <= now) this.#reports.delete(id);
    this.#reports.set(gateway, { report: parsed.data, expiresAt: now + REPORT_MS });
  }

  /** What is known of a plugin's instance; undefined while no gateway has spoken of it. */
  traffic(plugin: string, url: string): Traffic | undefined {
    const now = this.#now();
    const said = [...this.#reports.values()]
      .filter(({ expiresAt }) => expiresAt > now)
      .flatMap(({ report: { instances } }) => instances)
      .filter((one) => one.plugin === plugin && one.url === url);
    if (said.length === 0) return undefined;
    const gateways: Record<string, number> = {};
    for (const { state } of said) gateways[state] = (gateways[state] ?? 0) + 1;
    const sum = (key: 'inFlight' | 'waiting'): number => said.reduce((total, one) => total + one[key], 0);
    return { gateways, inFlight: sum('inFlight'), waiting: sum('waiting') };
  }
}
