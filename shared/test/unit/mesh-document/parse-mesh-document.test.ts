import assert from 'node:assert/strict';
import { loadConfig } from '@plugmesh/shared/config';
import { parseManifest } from '@plugmesh/shared/manifest';
import { buildMeshDocument, parseMeshDocument, type MeshDocument } from '@plugmesh/shared/mesh-document';

function sample(): MeshDocument {
  const config = loadConfig({ cwd: import.meta.dirname, env: {} });
  const manifest = parseManifest('{"name": "ships", "run": ["node"]}', '/mesh/services/ships/plugin.json');
  const found = [{ id: 'ships', file: '/mesh/services/ships/plugin.json', manifest }];
  const ports = { ships: [2350] };
  return buildMeshDocument({ config, found, ports, registrations: [], states: {}, overrides: {}, version: 1 })
    .document;
}

/** What `JSON.parse` gives: broken documents have no type. */
type Draft = ReturnType<typeof JSON.parse>;

/** The sample with one part replaced, as text. */
function changed(change: (document: Draft) => void): string {
  const document = JSON.parse(JSON.stringify(sample()));
  change(document);
  return JSON.stringify(document);
}

describe('reading a mesh document', () => {
  it('gives what was written', () => {
    assert.deepEqual(parseMeshDocument(JSON.stringify(sample())), sample());
  });

  it('leaves out members that it does not know', () => {
    assert.deepEqual(parseMeshDocument(changed((document) => (document['later'] = true))), sample());
  });

  const broken: [string, string, RegExp][] = [
    ['text that is not JSON', '{', /not JSON/],
    ['another format', changed((d) => (d['format'] = 2)), /'format' must be '1'/],
    [
      'a guard that does not exist',
      changed((d) => (d['plugins'][0].http.guard = 'none')),
      /plugins\[0\]\.http\.guard/,
    ],
    ['a missing list', changed((d) => delete d['topics']), /'topics' is missing/],
    [
      'an instance with a path',
      changed((d) => (d['plugins'][0].instances[0].url = 'http://a/b')),
      /instances\[0\]\.url/,
    ],
    [
      'a plugin that is there twice',
      changed((d) => d['plugins'].push(d['plugins'][0])),
      /plugin 'ships' is there twice/,
    ],
    [
      'two rules for a topic',
      changed((d) => d['topics'].push(d['topics'][0])),
      /topic 'system' is there twice/,
    ],
    [
      'a topic of a stranger',
      changed((d) => (d['topics'][0].plugin = 'ghost')),
      /'ghost', which is not a plugin/,
    ],
    ['nothing', 'null', /'the document' must be an object/],
  ];
  for (const [what, text, message] of broken) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseMeshDocument(text), { code: 'MESH_DOCUMENT_INVALID', message });
    });
  }
});
