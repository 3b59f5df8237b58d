// pm2's app list, derived from plugmesh.toml and the manifests. CommonJS, because pm2 requires this file.
const { ecosystem } = require('@plugmesh/shared/processes');

module.exports = ecosystem();
