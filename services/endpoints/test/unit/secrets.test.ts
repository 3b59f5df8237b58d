import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cipher } from '../../src/secrets/cipher.ts';
import { openKeyRing } from '../../src/secrets/key-ring.ts';

const KEY = Buffer.alloc(32, 1).toString('base64');
const OTHER = Buffer.alloc(32, 2).toString('base64');
const PLACE = ['connection', 'guid', 'ada'];

describe('the cipher', () => {
  const cipher = new Cipher(openKeyRing([`first:${KEY}`], ''));

  it('gives back what was encrypted for a place, and no two texts are the same', () => {
    const [once, again] = [cipher.seal({ a: 'secret' }, PLACE), cipher.seal({ a: 'secret' }, PLACE)];
    assert.deepEqual(cipher.open(once, PLACE), { a: 'secret' });
    assert.notEqual(once.text, again.text);
    assert.equal(once.keyId, 'first');
    assert.ok(!Buffer.from(once.text, 'base64url').includes('secret'));
  });

  it('gives back nothing for another place, key or text', () => {
    const sealed = cipher.seal('secret', PLACE);
    const bytes = Buffer.from(sealed.text, 'base64url');
    assert.equal(cipher.open(sealed, ['connection', 'guid', 'bob']), undefined);
    assert.equal(cipher.open(sealed, ['connection', 'guida', 'da']), undefined);
    assert.equal(cipher.open({ ...sealed, keyId: 'second' }, PLACE), undefined);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      assert.equal(cipher.open({ ...sealed, text: changed.toString('base64url') }, PLACE), undefined);
    }
    for (const text of ['', 'AAAA', bytes.subarray(0, 20).toString('base64url')])
      assert.equal(cipher.open({ ...sealed, text }, PLACE), undefined);
  });

  it('encrypts with the first key of the setting, and decrypts with all', () => {
    const rotated = new Cipher(openKeyRing([`second:${OTHER}`, `first:${KEY}`], ''));
    assert.equal(rotated.open(cipher.seal('secret', PLACE), PLACE), 'secret');
    assert.equal(rotated.seal('secret', PLACE).keyId, 'second');
  });

  it('refuses keys that are none, without showing them', () => {
    for (const keys of [[`a:${KEY.slice(1)}`], [KEY], [`a:${KEY}`, `a:${OTHER}`], ['']])
      assert.throws(
        () => openKeyRing(keys, ''),
        (error: { code: string; message: string }) =>
          error.code === 'MESH_CONFIG_INVALID' && !error.message.includes(KEY.slice(1)),
      );
  });
});

describe('keys in files', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plugmesh-keys-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const names = (): string[] => readdirSync(join(folder, 'keys')).sort();
  const HOUR_MS = 3_600_000;

  it('are made once, for their owner alone', () => {
    const { id } = openKeyRing(undefined, folder).newest();
    assert.equal(openKeyRing(undefined, folder).newest().id, id);
    assert.deepEqual(names(), [`${id}.key`]);
    assert.equal(statSync(join(folder, 'keys', `${id}.key`)).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'keys')).mode & 0o777, 0o700);
  });

  it('are known to a process that was there before they were made', () => {
    const [here, there] = [openKeyRing(undefined, folder), openKeyRing(undefined, folder)];
    const first = here.newest();
    const second = there.add();
    assert.ok(second.id > first.id);
    assert.equal(here.newest().id, second.id);
    assert.deepEqual(here.find(second.id), second.key);
    assert.deepEqual(here.find(first.id), first.key);
    assert.equal(here.find('../../etc/passwd'), undefined);
  });

  it('are forgotten when they are not in use and were given up long ago, and never the newest', () => {
    const ring = openKeyRing(undefined, folder);
    const [first, second, third] = [ring.newest().id, ring.add().id, ring.add().id];
    ring.forget(new Set());
    assert.equal(names().length, 3, 'a process may still be encrypting with one');
    const old = (id: string, hours: number): string => {
      const renamed = `${String(Date.now() - hours * HOUR_MS).padStart(15, '0')}${id.slice(15)}`;
      renameSync(join(folder, 'keys', `${id}.key`), join(folder, 'keys', `${renamed}.key`));
      return renamed;
    };
    const [a, b, c] = [old(first, 3), old(second, 2), old(third, 1)];
    ring.forget(new Set([b]));
    assert.deepEqual(names(), [`${b}.key`, `${c}.key`]);
    assert.equal(openKeyRing(undefined, folder).find(a), undefined);
  });

  it('that are half written count for nothing', () => {
    const ring = openKeyRing(undefined, folder);
    const { id } = ring.newest();
    const later = `${String(Date.now() + HOUR_MS).padStart(15, '0')}-00000000`;
    writeFileSync(join(folder, 'keys', `${later}.part`), KEY.slice(0, 10));
    assert.equal(openKeyRing(undefined, folder).newest().id, id);
  });
});
