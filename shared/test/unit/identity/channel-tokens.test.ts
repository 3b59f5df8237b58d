import assert from 'node:assert/strict';
import { decodeJwt, SignJWT } from 'jose';
import {
  loadSecrets,
  mintChannelId,
  signChannelToken,
  verifyChannelId,
  verifyChannelToken,
} from '../../../src/identity/index.ts';

const secretsOf = (...secrets: string[]) => loadSecrets({ secrets, stateDir: 'unused' });
const OLD = 'the secret of last year, long enough';
const NEW = 'the secret of this year, long enough';

describe('channel tokens', () => {
  const secrets = secretsOf(NEW);
  const claims = { id: 'me', channel: 'streaming-me' };

  it('open the topic that they name', async () => {
    const token = await signChannelToken(secrets, claims, 60_000);
    const { exp = 0 } = decodeJwt(token);
    const expected = { ok: true, claims, expiresAt: exp * 1000 };
    assert.deepEqual(await verifyChannelToken(secrets, token, 'streaming-me'), expected);
    assert.ok(Math.abs(exp - Date.now() / 1000 - 60) < 5);
  });

  it('open no other topic', async () => {
    const token = await signChannelToken(secrets, claims, 60_000);
    const verdict = await verifyChannelToken(secrets, token, 'streaming-you');
    assert.deepEqual(verdict, { ok: false, reason: 'other topic' });
  });

  it('run out', async () => {
    const token = await signChannelToken(secrets, claims, -1000);
    const verdict = await verifyChannelToken(secrets, token, 'streaming-me');
    assert.deepEqual(verdict, { ok: false, reason: 'expired' });
  });

  it('of the old secret count while it is in the list', async () => {
    const token = await signChannelToken(secretsOf(OLD), claims, 60_000);
    assert.equal((await verifyChannelToken(secretsOf(NEW, OLD), token, 'streaming-me')).ok, true);
    const verdict = await verifyChannelToken(secrets, token, 'streaming-me');
    assert.deepEqual(verdict, { ok: false, reason: 'invalid' });
  });

  it('that nobody signed, or that never run out, do not count', async () => {
    const unsigned = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ ...claims, exp: 4e9 }))}.`;
    const endless = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secrets[0].channelToken);
    for (const token of ['', 'x', 'a.b.c', unsigned, endless]) {
      const verdict = await verifyChannelToken(secrets, token, 'streaming-me');
      assert.deepEqual(verdict, { ok: false, reason: 'invalid' }, token);
    }
  });
});

describe('channel ids', () => {
  const secrets = secretsOf(NEW);

  it('are minted, different each time, and without separators', () => {
    const id = mintChannelId(secrets);
    assert.match(id, /^[\w-]{65}$/);
    assert.notEqual(mintChannelId(secrets), id);
    assert.equal(verifyChannelId(secrets, id), true);
  });

  it('cannot be made up', () => {
    const id = mintChannelId(secrets);
    const other = mintChannelId(secrets);
    for (const forged of ['', 'me', id.slice(0, 22), `${id}A`, id.slice(0, 22) + other.slice(22)]) {
      assert.equal(verifyChannelId(secrets, forged), false, forged);
    }
  });

  it('of the old secret count while it is in the list', () => {
    const id = mintChannelId(secretsOf(OLD));
    assert.equal(verifyChannelId(secretsOf(NEW, OLD), id), true);
    assert.equal(verifyChannelId(secrets, id), false);
  });
});
