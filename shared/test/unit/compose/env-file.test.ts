import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import {
  composeVariables,
  containerPlugins,
  variableProblems,
  withVariables,
} from '@plugmesh/shared/compose';
import { loadWrittenConfig } from '@plugmesh/shared/config';
import { loadSecrets, verifyPluginToken } from '@plugmesh/shared/identity';
import { findManifests } from '@plugmesh/shared/manifest';
import { folderWith } from './test-files.ts';

const OLD = 'the-secret-of-last-year-long-enough';
const NEW = 'the-secret-of-this-year-long-enough';

const ships = { name: 'my-ships', run: ['node', 'main.ts'] };

describe('what .env gets for containers', () => {
  const folders: string[] = [];
  afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

  function written(files: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv = {}) {
    const folder = folderWith({ 'services/my-ships/plugin.json': ships, ...files });
    folders.push(folder);
    return loadWrittenConfig({ cwd: folder, env });
  }

  function variables(envFile: string, env: NodeJS.ProcessEnv = {}) {
    const found = written({ '.env': envFile }, env);
    const { plugins } = containerPlugins(found.config, findManifests(found.config));
    const result = composeVariables(found, plugins, envFile);
    return { result, stateDir: found.config.stateDir };
  }

  it('is the secret of the state folder, and the tokens and passwords that follow from it', () => {
    const { result, stateDir } = variables('');
    assert.deepEqual(Object.keys(result), [
      'PLUGMESH_SECRET',
      'PLUGMESH_REDIS_PASSWORD',
      'PLUGMESH_REDIS_HASH',
      'PLUGMESH_TOKEN_MY_SHIPS',
      'PLUGMESH_REDIS_PASSWORD_MY_SHIPS',
    ]);
    const token = result['PLUGMESH_TOKEN_MY_SHIPS'] ?? '';
    assert.equal(verifyPluginToken(loadSecrets({ secrets: [], stateDir }), token), 'my-ships');
    assert.equal(
      verifyPluginToken(loadSecrets({ secrets: [result['PLUGMESH_SECRET'] ?? ''], stateDir }), token),
      'my-ships',
    );
  });

  it('keeps the secret of .env, several too, and makes tokens of the newest', () => {
    const { result, stateDir } = variables(`PLUGMESH_SECRET="${NEW},${OLD}"\n`, {
      PLUGMESH_SECRET: 'x'.repeat(32),
    });
    assert.equal(result['PLUGMESH_SECRET'], `${NEW},${OLD}`);
    const token = result['PLUGMESH_TOKEN_MY_SHIPS'] ?? '';
    assert.equal(verifyPluginToken(loadSecrets({ secrets: [NEW], stateDir }), token), 'my-ships');
    assert.equal(verifyPluginToken(loadSecrets({ secrets: [OLD], stateDir }), token), undefined);
  });

  it('takes the secret of the environment where .env has none: compose looks nowhere else', () => {
    assert.equal(variables('', { PLUGMESH_SECRET: NEW }).result['PLUGMESH_SECRET'], NEW);
  });

  it('leaves every other line as it is, and changes nothing the second time', () => {
    const text = '# ours\nA=1\nexport PLUGMESH_SECRET=old\nPLUGMESH_SECRET_OF=else\n\n# end';
    const once = withVariables(text, { PLUGMESH_SECRET: NEW, T: 't' });
    assert.equal(once, `# ours\nA=1\nPLUGMESH_SECRET_OF=else\n\n# end\nPLUGMESH_SECRET=${NEW}\nT=t\n`);
    assert.equal(withVariables(once, { PLUGMESH_SECRET: NEW, T: 't' }), once);
    assert.equal(withVariables('', { T: 't' }), 'T=t\n');
  });

  it('says which variables are missing, and which would break the JSON they are put into', () => {
    const toml = '[gateway]\nhosts = ["${HOST}"]\n[plugins.my-ships.config]\nkey = "${KEY}"\npin = "${PIN}"';
    const problems = variableProblems(
      written({ 'plugmesh.toml': toml }, { HOST: 'mesh.example.org', KEY: 'a"b' }),
    ).map(({ code, message }) => `${code} ${message}`);
    assert.deepEqual(problems, [
      "MESH_CONFIG_UNSET_VARIABLE '${PIN}' is not set",
      "MESH_CONFIG_INVALID 'KEY' has a quote, a backslash or a line break",
    ]);
  });

  it('does not disturb a mesh without containers', () => {
    const { config } = written({ '.env': `PLUGMESH_SECRET=${NEW}\nPLUGMESH_TOKEN_MY_SHIPS=my-ships.x\n` });
    assert.deepEqual(config.plugins, ['*']);
  });
});
