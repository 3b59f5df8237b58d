import assert from 'node:assert/strict';
import { createLog } from '@plugmesh/shared/log';
import { createChain } from '../../../src/middleware/chain.ts';
import { Metrics } from '../../../src/own/metrics.ts';
import { compileTable } from '../../../src/routes/compile-table.ts';
import { Pool } from '../../../src/upstream/pool.ts';
import type { Visit } from '../../../src/visit.ts';
import { sketchRule, type RuleSketch } from '../../support/forward-auth.ts';
import { sketchDocument } from '../../support/mesh.ts';

const cors = { origins: [], credentials: false, methods: [], headers: [], maxAgeMs: 0 };
const metrics = new Metrics({ pools: () => [], shedShare: () => 0 });
const document = sketchDocument([{ id: 'ships' }, { id: 'login' }]);
const limits = { inFlight: 1, pending: 1, idleMs: 1000 };
const meter = { retried: () => undefined, ejected: () => undefined, panicked: () => undefined };
const { routes } = compileTable(document, {
  cors,
  metrics,
  accounts: 'accounts',
  pool: () => new Pool({ limits, meter }),
});

const chain = (...rules: RuleSketch[]) =>
  createChain(rules.map(sketchRule), {
    log: createLog({ name: 'test', level: 'silent' }),
    metrics,
    routes,
    budgetMs: 1000,
    maxHead: 1000,
    tellsTiming: false,
    isMeshToken: () => false,
    identityHeaders: () => undefined,
  });

describe('a chain of middleware', () => {
  it('is no step at all when there is nothing to ask', () => {
    assert.equal(chain(), undefined);
    assert.equal(chain({ plugin: 'login', match: ['/api/nobody', '/mesh'] }), undefined);
    assert.equal(chain({ plugin: 'login', match: ['/api/login'] }), undefined);
  });

  it('has nobody wait who it does not concern', () => {
    const step = chain({ plugin: 'login', match: ['/api/ships/admin'] });
    assert.ok(step);
    for (const { id, rest } of [
      { id: 'ships', rest: '/' },
      { id: 'login', rest: '/admin' },
    ]) {
      const route = routes.find((each) => each.id === id);
      assert.ok(route);
      // What is looked at before anything is asked.
      const visit = { route, rest, permission: route.permission(rest, 'GET'), req: { headers: {} } };
      assert.equal(step(visit as unknown as Visit), undefined);
    }
  });
});
