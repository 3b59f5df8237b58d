import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { Outbound, type OutboundOptions } from '../../../src/outbound/outbound.ts';
import { ExternalSystem } from '../../support/external-system.ts';
import { silent } from '../../support/log.ts';
import { refusal } from '../../support/refusal.ts';

const open: Outbound[] = [];

function outbound(options: Partial<OutboundOptions> = {}): Outbound {
  const made = new Outbound({ allowedNetworks: ['public'], log: silent, ...options });
  open.push(made);
  return made;
}

const at = (url: string) => ({ url, skipTlsValidation: false, caCert: null });

describe('the guard of the outside', () => {
  let system: ExternalSystem;
  before(async () => {
    system = await ExternalSystem.http(({ url = '/', headers }, response) => {
      const [path, query = ''] = url.split('?');
      if (path === '/to') response.writeHead(302, { location: decodeURIComponent(query) }).end();
      else if (path === '/again') response.writeHead(307, { location: `${url}x` }).end();
      else response.end(JSON.stringify({ url, ...headers }));
    });
  });
  after(async () => {
    system.stop();
    await Promise.all(open.map((each) => each.stop()));
  });

  const spellings = [
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0x7f.1',
    '127.1',
    '0177.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
  ];
  for (const host of [...spellings, '0.0.0.0', '[::]', '169.254.169.254', '10.0.0.1']) {
    it(`lets nothing through to ${host} where only the public is allowed`, async () => {
      const before = system.connections;
      const url = `http://${host}:${system.port}`;
      await refusal(outbound().fetch(at(url), '/'), 'MESH_ENDPOINT_REFUSED');
      await refusal(outbound().check(url), 'MESH_ENDPOINT_REFUSED');
      assert.equal(system.connections, before);
    });
  }

  it('connects to a name by the one address that it has looked at, though the name changes', async () => {
    const answers: LookupAddress[][] = [
      [{ address: '8.8.8.8', family: 4 }],
      [{ address: '127.0.0.1', family: 4 }],
    ];
    const resolve = (): Promise<LookupAddress[]> => Promise.resolve(answers.shift() ?? []);
    const rebound = outbound({ resolve });
    const url = `http://rebinding.example:${system.port}`;
    await rebound.check(url);
    const before = system.connections;
    await refusal(rebound.fetch(at(url), '/'), 'MESH_ENDPOINT_REFUSED');
    assert.equal(system.connections, before);
  });

  it('asks for the addresses of a name once for a connection, and goes to an allowed one among them', async () => {
    let asked = 0;
    const resolve = (): Promise<LookupAddress[]> => {
      asked += 1;
      return Promise.resolve([
        { address: '10.9.9.9', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    };
    const some = outbound({ allowedNetworks: ['loopback'], resolve });
    const answer = await some.fetch(at(`http://several.example:${system.port}`), '/x');
    assert.deepEqual([answer.status, asked], [200, 1]);
  });

  it('looks at the address of every redirect', async () => {
    const some = outbound({ allowedNetworks: ['127.0.0.1/32'] });
    for (const url of [
      'http://127.0.0.2',
      'ftp://127.0.0.1',
      '//169.254.169.254/x',
      'http://a:b@127.0.0.1',
      'http://',
    ]) {
      await refusal(some.fetch(at(system.url), `/to?${encodeURIComponent(url)}`), 'MESH_ENDPOINT_REFUSED');
    }
  });

  it('follows three redirects and no more, and none of a POST unless told to', async () => {
    const some = outbound({ allowedNetworks: ['loopback'] });
    await refusal(some.fetch(at(system.url), '/again?'), 'MESH_ENDPOINT_UNREACHABLE');
    const answer = await some.fetch(at(system.url), '/to?elsewhere', { method: 'POST', body: 'x' });
    assert.equal(answer.status, 302);
  });

  it('takes credentials to the same origin, and to no other', async () => {
    const some = outbound({ allowedNetworks: ['loopback'] });
    const headers = { authorization: 'Bearer x', 'private-token': 'y', accept: 'text/plain' };
    const ask = async (location: string): Promise<Record<string, string>> => {
      const { body } = await some.fetch(at(system.url), `/to?${location}`, { headers });
      return JSON.parse(body.toString()) as Record<string, string>;
    };
    const same = await ask('/there');
    assert.deepEqual(
      [same['url'], same['authorization'], same['private-token']],
      ['/there', 'Bearer x', 'y'],
    );
    const other = await ask(`http://localhost:${system.port}`);
    assert.deepEqual(
      [other['authorization'], other['private-token'], other['accept']],
      [undefined, undefined, 'text/plain'],
    );
  });
});
