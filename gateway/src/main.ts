import { loadConfig } from '@plugmesh/shared/config';
import { loadSecrets } from '@plugmesh/shared/identity';
import { Lifecycle, runProcess } from '@plugmesh/shared/lifecycle';
import { createLog } from '@plugmesh/shared/log';
import { findManifests } from '@plugmesh/shared/manifest';
import { buildMeshDocument, type MeshDocument } from '@plugmesh/shared/mesh-document';
import { meshPorts } from '@plugmesh/shared/processes';
import { MeshDocumentFollower } from '@plugmesh/shared/redis';
import { Access } from './access/access.ts';
import { Gateway } from './gateway.ts';
import { Rates } from './rates/rates.ts';

const config = loadConfig();
const log = createLog({ name: 'gateway', level: config.logLevel, mode: config.mode });
const documents = new MeshDocumentFollower({ config, log, fallback: documentFromFiles });
const access = new Access({ redisUrl: config.redisUrl, log });
const rates = new Rates({ config: config.gateway, redisUrl: config.redisUrl, log });
const gateway = new Gateway({ config, log, documents, access, rates, secrets: loadSecrets(config) });

await runProcess(
  new Lifecycle({
    name: 'gateway',
    log,
    steps: [
      { name: 'mesh document', start: () => documents.start(), stop: () => documents.stop() },
      { name: 'access', start: () => access.start(), stop: () => access.stop() },
      { name: 'rates', start: () => rates.start(), stop: () => rates.stop() },
      {
        name: 'server',
        start: () => gateway.start(),
        drain: () => gateway.drain(),
        stop: () => gateway.stop(),
        deadlineMs: config.gateway.limits.drainMs + 2000,
      },
    ],
  }),
);

/** What the mesh is by its files alone, for a gateway that starts before anything else. */
function documentFromFiles(): MeshDocument {
  const found = findManifests(config);
  const ports = meshPorts(config, found).plugins;
  const nothingYet = { registrations: [], states: {}, overrides: {}, version: 0 };
  return buildMeshDocument({ config, found, ports, ...nothingYet }).document;
}
