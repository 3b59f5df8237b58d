// pm2's app list, derived from plugmesh.toml and the manifests. CommonJS, because pm2 requires this file.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 24 || (major === 24 && minor < 12)) {
  // pm2's own words for what would follow are "No process found".
  console.error(`plugmesh needs Node 24.12 or newer, and this pm2 runs under ${process.version}.`);
  console.error(
    'End it with `pm2 kill` and use `npx pm2`, which finds the Node 24 that `npm ci` has brought.',
  );
  process.exit(1);
}

try {
  module.exports = require('@plugmesh/shared/processes').ecosystem();
} catch (error) {
  // What is wrong with the configuration; pm2 would print two stacks around it.
  console.error(error.code?.startsWith('MESH_') ? error.message : error);
  process.exit(1);
}
