# One image for everything that runs in Node: mesh, gateway, channel and the plugins without a Dockerfile of their own.
# Of the other plugins it has the manifest, because mesh reads guards and topics there.

FROM node:24-bookworm-slim AS source
WORKDIR /app
COPY . .
# A clone may be for its owner's eyes only; another user runs the image.
RUN chmod -R a+rX . && \
    for dockerfile in services/*/Dockerfile; do \
      [ ! -f "$dockerfile" ] || find "$(dirname "$dockerfile")" -mindepth 1 ! -name plugin.json -delete; \
    done

# Only what decides about packages, so that a changed source does not install them again.
FROM source AS manifests
RUN find . -type f ! -name package.json ! -name package-lock.json -delete && find . -type d -empty -delete

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY --from=manifests /app ./
# The workspaces' packages alone: pm2 and the Node binaries are the root's.
RUN npm ci --workspaces --omit=dev --omit=optional --no-audit --no-fund && npm cache clean --force

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production PLUGMESH__CORE__MODE=production PLUGMESH__CORE__STATE_DIR=/app/.plugmesh
# Also those that one workspace has in a version of its own.
COPY --from=packages /app ./
COPY --from=source /app ./
# The launcher finds its packages in order; a volume on the state folder takes over whose it is.
RUN cksum <package-lock.json >node_modules/.plugmesh-stamp && install -d -o node -g node .plugmesh
USER node
CMD ["node", "services/mesh/src/main.ts"]
