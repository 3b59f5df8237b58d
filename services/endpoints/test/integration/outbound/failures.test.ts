import assert from 'node:assert/strict';
import { eventually, freePort } from '@plugmesh/shared/testing';
import { Outbound } from '../../../src/outbound/outbound.ts';
import { createAuthority, createCertificate, type Certificate } from '../../support/certificates.ts';
import { ExternalSystem } from '../../support/external-system.ts';
import { silent } from '../../support/log.ts';
import { refusal } from '../../support/refusal.ts';

const at = (url: string, tls = {}) => ({ url, skipTlsValidation: false, caCert: null, ...tls });

describe('what goes wrong outside', () => {
  const outbound = new Outbound({ allowedNetworks: ['loopback'], log: silent, headMs: 300 });
  const systems: ExternalSystem[] = [];
  let authority: Certificate;
  before(async () => {
    authority = await createAuthority();
  });
  after(async () => {
    for (const system of systems) system.stop();
    await outbound.stop();
  });

  async function kept(starting: Promise<ExternalSystem>): Promise<ExternalSystem> {
    const system = await starting;
    systems.push(system);
    return system;
  }
  const secured = (certificate: Certificate): Promise<ExternalSystem> =>
    kept(ExternalSystem.https(certificate, (_request, response) => response.end('hello')));
  const saying = (text: string): Promise<ExternalSystem> =>
    kept(ExternalSystem.raw((socket) => socket.once('data', () => socket.end(text))));

  describe('with certificates', () => {
    const cases = {
      'signed by itself': ['DEPTH_ZERO_SELF_SIGNED_CERT', {}],
      'of an authority that is not known': ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', { signed: true }],
      'for another name': [
        'ERR_TLS_CERT_ALTNAME_INVALID',
        { signed: true, known: true, name: 'other.example' },
      ],
      'that has ended': ['CERT_HAS_EXPIRED', { signed: true, known: true, from: -3, until: -2 }],
      'that begins tomorrow': ['CERT_NOT_YET_VALID', { signed: true, known: true, from: 1, until: 2 }],
    } as const;
    for (const [what, [reason, kind]] of Object.entries(cases)) {
      it(`says of one ${what}: MESH_ENDPOINT_TLS, ${reason}; and skips it when told to`, async () => {
        const { signed, known, ...options } = { signed: false, known: false, ...kind };
        const system = await secured(
          await createCertificate({ ...options, ...(signed && { by: authority }) }),
        );
        const caCert = known ? authority.cert : null;
        const error = await refusal(outbound.fetch(at(system.url, { caCert }), '/'), 'MESH_ENDPOINT_TLS');
        assert.equal(error.details['reason'], reason);
        const answer = await outbound.fetch(at(system.url, { caCert, skipTlsValidation: true }), '/');
        assert.equal(answer.body.toString(), 'hello');
      });
    }

    it('believes an authority that is given, beside nobody that is not', async () => {
      const system = await secured(await createCertificate({ by: authority }));
      const { body } = await outbound.fetch(at(system.url, { caCert: authority.cert }), '/');
      assert.equal(body.toString(), 'hello');
      await refusal(outbound.fetch(at(system.url), '/'), 'MESH_ENDPOINT_TLS');
    });

    it('says that certificates of authorities cannot be read', async () => {
      const caCert = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
      await refusal(outbound.fetch(at('https://127.0.0.1', { caCert }), '/'), 'MESH_ENDPOINT_TLS');
      await refusal(outbound.fetch(at('https://127.0.0.1', { caCert: 'x' }), '/'), 'MESH_ENDPOINT_TLS');
    });

    it('says of a server without TLS that it is none', async () => {
      const { port } = await saying('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      await refusal(outbound.fetch(at(`https://127.0.0.1:${port}`), '/'), 'MESH_ENDPOINT_TLS');
    });
  });

  it('says that nobody is there, or has a name', async () => {
    await refusal(
      outbound.fetch(at(`http://127.0.0.1:${await freePort()}`), '/'),
      'MESH_ENDPOINT_UNREACHABLE',
    );
    const unresolved = Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    const resolve = (): Promise<never> => Promise.reject(unresolved);
    const nameless = new Outbound({ allowedNetworks: ['loopback'], log: silent, resolve });
    await refusal(nameless.fetch(at('http://nowhere.example'), '/'), 'MESH_ENDPOINT_UNREACHABLE');
    await refusal(nameless.check('http://nowhere.example'), 'MESH_ENDPOINT_UNREACHABLE');
    await nameless.stop();
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    [
      '101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['less than it says', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
  ] as const) {
    it(`says of a server that answers ${what} that it cannot be used`, async () => {
      const { url } = await saying(text);
      await refusal(outbound.fetch(at(url), '/'), 'MESH_ENDPOINT_UNREACHABLE');
    });
  }

  it('takes no more than it was told', async () => {
    const { url } = await saying(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(2_000)}`);
    await refusal(outbound.fetch(at(url), '/', { maxBytes: 1000 }), 'MESH_RESPONSE_TOO_LARGE');
  });

  it('waits for a head, and for the rest, no longer than it was told', async () => {
    const mute = await kept(ExternalSystem.raw(() => undefined));
    await refusal(outbound.fetch(at(mute.url), '/'), 'MESH_ENDPOINT_TIMEOUT');
    const slow = await kept(
      ExternalSystem.raw((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')),
    );
    await refusal(outbound.fetch(at(slow.url), '/', { timeoutMs: 200 }), 'MESH_ENDPOINT_TIMEOUT');
    const { body } = await outbound.open(at(slow.url), {
      method: 'GET',
      path: '/',
      headers: {},
      idleMs: 200,
    });
    await assert.rejects(body.toArray());
  });

  it('asks once more when a kept connection is closed just then', async () => {
    let asked = 0;
    const system = await kept(
      ExternalSystem.raw((socket) => {
        socket.on('data', () => {
          asked += 1;
          // The second request on a connection is never answered.
          if (asked === 2) socket.destroy();
          else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        });
      }),
    );
    for (let round = 0; round < 3; round += 1) {
      const answer = await outbound.fetch(at(system.url), '/');
      assert.equal(answer.body.toString(), 'ok');
    }
    assert.equal(asked, 4);
  });

  it('does not send twice what may have been done', async () => {
    let asked = 0;
    const system = await kept(
      ExternalSystem.raw((socket) => {
        socket.on('data', () => {
          asked += 1;
          socket.destroy();
        });
      }),
    );
    const posting = outbound.fetch(at(system.url), '/', { method: 'POST', body: 'x' });
    await refusal(posting, 'MESH_ENDPOINT_UNREACHABLE');
    assert.equal(asked, 1);
  });

  it('keeps apart connections of endpoints that are believed differently', async () => {
    const system = await secured(await createCertificate());
    await outbound.fetch(at(system.url, { skipTlsValidation: true }), '/');
    await eventually(() => system.connections === 1);
    await refusal(outbound.fetch(at(system.url), '/'), 'MESH_ENDPOINT_TLS');
  });

  it('needs few connections for ten thousand requests', async function () {
    this.timeout(60_000);
    const system = await kept(ExternalSystem.http((_request, response) => response.end('ok')));
    const worker = async (): Promise<void> => {
      for (let n = 0; n < 1000; n += 1) await outbound.fetch(at(system.url), '/');
    };
    await Promise.all(Array.from({ length: 10 }, worker));
    assert.ok(system.connections <= 20, `${system.connections} connections`);
  });
});
