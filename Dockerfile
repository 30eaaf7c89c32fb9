# A release build pins both images by digest (FROM image:tag@sha256:...); the tags here name the versions.

# The bundle is plain JavaScript: it is built once, on the builder's own platform, for every target platform.
FROM --platform=$BUILDPLATFORM node:24.21.0-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts/build.js scripts/
COPY src/ src/
RUN npm run build

# Node, its libraries and CA certificates: no shell, no package manager. This image has no tags by patch release.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="csi-port-operator" \
      org.opencontainers.image.description="Keeps the csi-addons sidecars of Rook's Ceph CSI workloads on distinct host ports" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
# dist/package.json marks the bundle as CommonJS.
COPY --from=build /src/dist/main.js /src/dist/package.json ./
COPY LICENSE ./
# One malloc arena: the others cost memory and serve threads that have next to nothing to do.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
# Numeric, so that runAsNonRoot can be checked without the image's user table.
USER 65532:65532
# A small young generation (MiB) keeps the peak after a large list low.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=1", "/app/main.js"]
