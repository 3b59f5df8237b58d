import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { credentialsOf, withoutToken } from '../../../src/transport/credentials.ts';

const of = (protocol: string | undefined, query = ''): string | undefined => {
  const request = { headers: { 'sec-websocket-protocol': protocol } } as unknown as IncomingMessage;
  return credentialsOf(request, new URLSearchParams(query));
};

describe('the credential of an upgrade', () => {
  it('is read from the sub-protocol in both alphabets, without padding', () => {
    for (const encoded of ['YT8/fj4+YQ', 'YT8_fj4-YQ']) {
      assert.equal(of(`phoenix, base64url.bearer.phx.${encoded}`), 'a??~>>a');
    }
  });

  it('is read from the query first', () => {
    assert.equal(of('phoenix,base64url.bearer.phx.YQ', 'token=b'), 'b');
    assert.equal(of('phoenix', 'userToken=c'), 'c');
    assert.equal(of(undefined), undefined);
  });

  it('is taken out of the sub-protocols', () => {
    assert.equal(withoutToken('phoenix, base64url.bearer.phx.YT8/'), 'phoenix');
    assert.equal(withoutToken('base64url.bearer.phx.YQ'), '');
    assert.equal(withoutToken('other,phoenix'), 'other, phoenix');
  });
});
