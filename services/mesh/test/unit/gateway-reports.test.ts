import assert from 'node:assert/strict';
import { GatewayReports } from '../../src/gateway-reports.ts';

const URL = 'http://127.0.0.1:2350';
const says = (state: string, inFlight = 0) => ({
  instances: [{ plugin: 'ships', url: URL, state, inFlight, waiting: 1 }],
});

describe('GatewayReports', () => {
  it('sums up what gateways say of an instance, the last word of each', () => {
    const reports = new GatewayReports();
    assert.equal(reports.traffic('ships', URL), undefined);
    reports.accept('a', says('unhealthy', 100));
    reports.accept('a', says('ejected', 2));
    reports.accept('b', says('healthy', 3));
    reports.accept('c', says('healthy', 4));
    const gateways = { ejected: 1, healthy: 2 };
    assert.deepEqual(reports.traffic('ships', URL), { gateways, inFlight: 9, waiting: 3 });
    assert.equal(reports.traffic('boats', URL), undefined);
  });

  it('forgets a gateway that says nothing for 15 s', () => {
    let now = 0;
    const reports = new GatewayReports(() => now);
    reports.accept('a', says('healthy'));
    now = 14_999;
    assert.ok(reports.traffic('ships', URL));
    now = 15_000;
    assert.equal(reports.traffic('ships', URL), undefined);
  });

  for (const [name, value] of Object.entries({
    'no object': undefined,
    'another shape': { instances: [{ plugin: 'ships' }] },
    'a state that does not exist': says('fine'),
    'a count below zero': says('healthy', -1),
  })) {
    it(`refuses ${name}`, () => {
      assert.throws(() => new GatewayReports().accept('a', value), { code: 'MESH_BAD_REQUEST' });
    });
  }
});
