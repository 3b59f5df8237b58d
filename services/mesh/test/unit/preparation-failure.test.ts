import assert from 'node:assert/strict';
import { preparationFailure } from '../../src/preparation-failure.ts';

describe('a plugin that is not prepared', () => {
  it('says what to install, where that is known', () => {
    const { code, message, fix } = preparationFailure(
      'sail',
      "MESH_REQUIREMENT_MISSING 'go' >=1.24 is needed and not on PATH; install it: apt-get install golang-go, or https://go.dev/dl",
    );
    assert.deepEqual(
      [code, message, fix],
      [
        'MESH_REQUIREMENT_MISSING',
        "'go' >=1.24 is needed and not on PATH",
        'install it: apt-get install golang-go, or https://go.dev/dl',
      ],
    );
    assert.match(
      preparationFailure('sail', "MESH_REQUIREMENT_MISSING 'cobol' * is needed").fix ?? '',
      /install it/,
    );
  });

  it('shows what its setup wrote, and what that means', () => {
    const reason =
      "MESH_SETUP_FAILED 'go build' ended with 1: main.go:3:8: no required module provides package a.b/c\nbye";
    assert.deepEqual(preparationFailure('sail', reason), {
      code: 'MESH_SETUP_FAILED',
      message: "'go build' ended with 1",
      lines: ['main.go:3:8: no required module provides package a.b/c', 'bye'],
      fix: 'run: go get a.b/c',
    });
    const unknown = preparationFailure('sail', "MESH_SETUP_FAILED 'make' ended with 2: no rule");
    assert.match(unknown.fix ?? '', /\.\/plugmesh logs sail\.setup/);
    assert.equal(
      preparationFailure('sail', 'MESH_SETUP_FAILED its sources cannot be read: x').lines.length,
      0,
    );
  });
});
