import assert from 'node:assert/strict';
import { AllowedNetworks } from '../../../src/outbound/networks.ts';

/** Addresses, and the word that opens them: none, where only a named network does. */
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  public: ['8.8.8.8', '1.1.1.1', '100.128.0.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '2a00::1'],
  private: [
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    'fd00::1',
    'fc00::1',
    '::ffff:10.0.0.1',
  ],
  loopback: ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  'link-local': ['169.254.1.1', 'fe80::1', 'febf::1', '::ffff:169.254.1.1', 'fe80::1%lo'],
  none: [
    ...['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0', '255.255.255.255'],
    ...['224.0.0.1', '239.1.1.1', 'ff02::1'],
    ...['100.64.0.1', '100.100.100.200', '198.18.0.1', '192.0.0.1', '240.0.0.1'],
    ...['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
    // The IPv4 address in them is another network's word.
    ...['64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001::1', '::7f00:1'],
    ...['fec0::1', '100::1', '5f00::1', '4000::1', '1::1'],
    // What clouds tell machines.
    ...['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254', '168.63.129.16'],
    ...['169.254.170.2', '169.254.170.23', 'fd00:ec2::23', 'fd20:ce::254'],
    ...['', 'localhost', '127.0.0.1 ', '1.2.3.4.5'],
  ],
};
const WORDS = Object.keys(ADDRESSES).filter((word) => word !== 'none');

describe('the allowed networks', () => {
  for (const [kind, addresses] of Object.entries(ADDRESSES)) {
    for (const word of WORDS) {
      it(`${kind === word ? 'open' : 'do not open'} addresses that are ${kind}, by the word '${word}'`, () => {
        const networks = new AllowedNetworks([word]);
        const opened = addresses.filter((address) => networks.allows(address));
        assert.deepEqual(opened, kind === word ? addresses : []);
      });
    }
  }

  it('open what is named, an IPv4 network in the clothes of IPv6 too', () => {
    const networks = new AllowedNetworks(['10.1.0.0/16', '169.254.169.254', '64:ff9b::/96']);
    const asked = ['10.1.2.3', '::ffff:10.1.2.3', '10.2.0.1', '169.254.169.254', '64:ff9b::a00:1', '::1'];
    assert.deepEqual(
      asked.filter((address) => networks.allows(address)),
      ['10.1.2.3', '::ffff:10.1.2.3', '169.254.169.254', '64:ff9b::a00:1'],
    );
  });

  it('open nothing when nothing is said', () => {
    assert.ok(!new AllowedNetworks([]).allows('8.8.8.8'));
  });

  for (const wrong of ['everything', '10.0.0.0/40', '10.0.0', '/8', '']) {
    it(`cannot be '${wrong}'`, () => {
      assert.throws(() => new AllowedNetworks([wrong]), { code: 'MESH_CONFIG_INVALID' });
    });
  }
});
