# Both images by digest, of the index of all platforms; the tags name the versions. Dependabot keeps them up to date.

# The bundles are plain JavaScript: they are built once, on the builder's own platform, for every target platform.
FROM --platform=$BUILDPLATFORM node:24.21.0-trixie-slim@sha256:173f125896c3b47ddf056734c7ea789d04595a6a08769a8f78e0df642781fb66 AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts/build.js scripts/bundled-packages.js scripts/third-party-licenses.js scripts/
COPY src/ src/
RUN npm run build

# Node, its libraries and CA certificates: no shell, no package manager. This image has no tags by patch release.
FROM gcr.io/distroless/nodejs24-debian13:nonroot@sha256:9eeb7f5887d0e239e78264b06f7f11d2e14be534050481803a9e4728fcdd278e
# What `make docker-build` tells of the commit.
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="csi-port-operator" \
      org.opencontainers.image.description="Keeps the csi-addons sidecars of Rook's Ceph CSI workloads on distinct host ports" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.documentation="${SOURCE}#readme"
WORKDIR /app
# dist/package.json marks the bundles as CommonJS.
COPY --from=build /src/dist/main.js /src/dist/kubeconfig.js /src/dist/pino-pretty.js /src/dist/package.json \
  /src/dist/THIRD-PARTY-LICENSES.txt ./
COPY LICENSE ./
# One malloc arena: the others cost memory and serve threads that have next to nothing to do.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
# Numeric, so that runAsNonRoot can be checked without the image's user table.
USER 65532:65532
# A small young generation (MiB), and an old one that is collected when it has grown by a fifth, keep the memory after a large
# list low. Without a compiler no memory is both writable and executable, and there is less of it altogether; a repair takes
# no longer (docs/adr/0021-the-image-runs-node-without-a-jit-compiler.md).
# No text becomes code, and no key of an object its prototype.
ENTRYPOINT ["/nodejs/bin/node", "--jitless", "--max-semi-space-size=1", "--heap-growing-percent=20", \
  "--disallow-code-generation-from-strings", "--disable-proto=throw", "/app/main.js"]
