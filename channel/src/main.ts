import { loadConfig } from '@plugmesh/shared/config';
import { loadSecrets } from '@plugmesh/shared/identity';
import { Lifecycle, runProcess } from '@plugmesh/shared/lifecycle';
import { createLog } from '@plugmesh/shared/log';
import { findManifests } from '@plugmesh/shared/manifest';
import { buildMeshDocument } from '@plugmesh/shared/mesh-document';
import { MeshDocumentFollower } from '@plugmesh/shared/redis';
import { ChannelServer } from './channel-server.ts';

const config = loadConfig();
const log = createLog({ name: 'channel', level: config.logLevel, mode: config.mode });
const documents = new MeshDocumentFollower({
  config,
  log,
  fallback: () =>
    buildMeshDocument({
      config,
      found: findManifests(config),
      registrations: [],
      ports: {},
      states: {},
      overrides: {},
      version: 0,
    }).document,
});
const channel = new ChannelServer({ config, documents, secrets: loadSecrets(config), log });

await runProcess(new Lifecycle({ name: 'channel', log, steps: channel.steps() }));
