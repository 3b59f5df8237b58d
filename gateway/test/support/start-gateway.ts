import { loadConfig, type Config, type GatewayConfig } from '@plugmesh/shared/config';
import { loadSecrets } from '@plugmesh/shared/identity';
import { createLog } from '@plugmesh/shared/log';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Access } from '../../src/access/access.ts';
import { Gateway } from '../../src/gateway.ts';
import { Rates } from '../../src/rates/rates.ts';
import type { HealthRules } from '../../src/upstream/health-checks.ts';
import { HandDocuments, sketchDocument, type PluginSketch } from './mesh.ts';

/** How a test's gateway differs from the default. */
export interface GatewaySketch {
  readonly plugins?: readonly PluginSketch[];
  readonly services?: { control?: { url: string }; channel?: { url: string } };
  readonly gateway?: Partial<Omit<GatewayConfig, 'limits'>> & { limits?: Partial<GatewayConfig['limits']> };
  readonly mode?: Config['mode'];
  readonly healthRules?: HealthRules;
  /** Where sessions and keys are and rates are counted; without it nobody can be known. */
  readonly redisUrl?: string;
  /** How often sessions and keys of open streams are looked for. */
  readonly sweepMs?: number;
}

/** The tests' own work is in the same process, and must not count as the gateway's. */
const OWN_LIMITS = { eventLoopDelayMs: 60_000 };

/** A gateway in this process on a free port, with documents that the test changes. */
export class TestGateway {
  readonly documents: HandDocuments;
  readonly gateway: Gateway;
  readonly config: Config;
  readonly access: Access;
  readonly rates: Rates;
  readonly #folder: string;

  private constructor(sketch: GatewaySketch) {
    this.#folder = mkdtempSync(join(tmpdir(), 'plugmesh-gateway-'));
    const config = loadConfig({
      cwd: this.#folder,
      env: { PLUGMESH_SECRET: 'a secret of at least thirty-two characters' },
    });
    const { limits, ...gateway } = sketch.gateway ?? {};
    this.config = {
      ...config,
      mode: sketch.mode ?? 'development',
      gateway: {
        ...config.gateway,
        port: 0,
        ...gateway,
        limits: { ...config.gateway.limits, ...OWN_LIMITS, ...limits },
      },
    };
    this.documents = new HandDocuments(sketchDocument(sketch.plugins ?? [], sketch.services));
    const log = createLog({ name: 'gateway', level: process.env['TEST_LOG'] ?? 'silent' });
    this.access = new Access({
      log,
      redisUrl: sketch.redisUrl,
      ...(sketch.sweepMs === undefined ? {} : { sweepMs: sketch.sweepMs }),
    });
    this.rates = new Rates({ config: this.config.gateway, redisUrl: sketch.redisUrl, log });
    this.gateway = new Gateway({
      config: this.config,
      log,
      access: this.access,
      rates: this.rates,
      secrets: loadSecrets(this.config),
      documents: this.documents,
      ...(sketch.healthRules ? { healthRules: sketch.healthRules } : {}),
    });
  }

  static async start(sketch: GatewaySketch = {}): Promise<TestGateway> {
    const test = new TestGateway(sketch);
    await test.access.start();
    await test.rates.start();
    await test.gateway.start();
    return test;
  }

  get port(): number {
    return this.gateway.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.access.stop();
    await this.rates.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
