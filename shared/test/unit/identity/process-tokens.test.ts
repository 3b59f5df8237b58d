import assert from 'node:assert/strict';
import {
  bearerToken,
  isOperator,
  loadSecrets,
  operatorToken,
  pluginToken,
  verifyOperatorToken,
  verifyPluginToken,
} from '../../../src/identity/index.ts';

const OLD = 'the secret of last year, long enough';
const NEW = 'the secret of this year, long enough';

const secretsOf = (...secrets: string[]) => loadSecrets({ secrets, stateDir: 'unused' });

describe('process tokens', () => {
  const secrets = secretsOf(NEW);

  it("a plugin's token names it", () => {
    assert.equal(verifyPluginToken(secrets, pluginToken(secrets, 'ships')), 'ships');
  });

  it("is not another plugin's, nor the operator's", () => {
    const [, signature = ''] = pluginToken(secrets, 'ships').split('.');
    assert.equal(verifyPluginToken(secrets, `planes.${signature}`), undefined);
    assert.equal(verifyOperatorToken(secrets, pluginToken(secrets, 'operator')), false);
    assert.equal(verifyPluginToken(secrets, operatorToken(secrets)), undefined);
  });

  for (const token of ['', '.', 'ships', 'ships.', '.x', 'ships.x', 'ships.x.y', 'ships.'.padEnd(49, 'A')]) {
    it(`'${token}' is nobody's token`, () => assert.equal(verifyPluginToken(secrets, token), undefined));
  }

  it('the operator has one token', () => {
    assert.equal(verifyOperatorToken(secrets, operatorToken(secrets)), true);
    for (const wrong of ['', 'operator', 'operator.', `${operatorToken(secrets)}x`]) {
      assert.equal(verifyOperatorToken(secrets, wrong), false);
    }
  });

  it('tokens of the old secret count while it is in the list, and not afterwards', () => {
    const old = secretsOf(OLD);
    const tokens = [pluginToken(old, 'ships'), operatorToken(old)] as const;
    const rotating = secretsOf(NEW, OLD);
    assert.equal(verifyPluginToken(rotating, tokens[0]), 'ships');
    assert.equal(verifyOperatorToken(rotating, tokens[1]), true);
    assert.equal(pluginToken(rotating, 'ships'), pluginToken(secrets, 'ships'), 'the newest one signs');
    assert.equal(verifyPluginToken(secrets, tokens[0]), undefined);
    assert.equal(verifyOperatorToken(secrets, tokens[1]), false);
  });

  it('the operator is known by an Authorization header', () => {
    assert.equal(isOperator(secrets, `Bearer ${operatorToken(secrets)}`), true);
    for (const other of [
      undefined,
      '',
      operatorToken(secrets),
      `Bearer ${pluginToken(secrets, 'operator')}`,
    ]) {
      assert.equal(isOperator(secrets, other), false);
    }
  });

  it('reads the token of an Authorization header', () => {
    assert.equal(bearerToken('Bearer ships.ab-c_='), 'ships.ab-c_=');
    assert.equal(bearerToken('bearer x'), 'x');
    for (const other of [undefined, '', 'Bearer', 'Bearer ', 'Basic eDp5', 'Bearer a b']) {
      assert.equal(bearerToken(other), undefined);
    }
  });
});
