import assert from 'node:assert/strict';
import { formatRate, NetworkRates, parseCounters } from '../../src/network-rates.ts';

const PROC_NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  1500      10    0    0    0     0          0         0     1500      10    0    0    0     0       0          0
  eth0:9000     20    0    0    0     0          0         0      400      5    0    0    0     0       0          0
`;

describe('NetworkRates', () => {
  it('reads received and sent bytes of every interface, also where no blank follows the colon', () => {
    assert.deepEqual(
      [...parseCounters(PROC_NET_DEV)],
      [
        ['lo', { received: 1500, sent: 1500 }],
        ['eth0', { received: 9000, sent: 400 }],
      ],
    );
  });

  it('knows the rate between the last two samples', () => {
    let now = 1000;
    const rates = new NetworkRates(() => now);
    rates.take(new Map([['test0', { received: 100, sent: 0 }]]));
    assert.equal(rates.report().find(({ iface }) => iface === 'test0')?.rate, null);
    now += 2000;
    rates.take(new Map([['test0', { received: 5100, sent: 20 }]]));
    const report = rates.report().find(({ iface }) => iface === 'test0');
    assert.deepEqual(report?.rate, { receive: 2500, send: 10 });
    assert.deepEqual([report.rx, report.tx], ['2.50kBps', '10Bps']);
  });

  it('says nothing about an interface whose counters went back', () => {
    let now = 0;
    const rates = new NetworkRates(() => (now += 1000));
    rates.take(new Map([['test0', { received: 100, sent: 100 }]]));
    rates.take(new Map([['test0', { received: 5, sent: 5 }]]));
    assert.equal(rates.report().find(({ iface }) => iface === 'test0')?.rate, null);
  });

  it('shows IPv4 and IPv6 addresses with their prefix length', () => {
    const loopback = new NetworkRates().report().find(({ iface }) => iface === 'lo');
    assert.ok(loopback?.addresses.includes('127.0.0.1/8'), JSON.stringify(loopback));
  });

  for (const [rate, text] of [
    [0, '0Bps'],
    [999, '999Bps'],
    [1000, '1.00kBps'],
    [2_500_000, '2.50MBps'],
    [3e9, '3.00GBps'],
  ] as const) {
    it(`writes ${rate} bytes a second as ${text}`, () => assert.equal(formatRate(rate), text));
  }
});
