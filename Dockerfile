# syntax=docker/dockerfile:1

# distroless names its images by Node's major version and moves the tag with each fix. Where builds must repeat, give the digest of the day:
# --build-arg RUNTIME=gcr.io/distroless/nodejs24-debian12@sha256:…
ARG RUNTIME=gcr.io/distroless/nodejs24-debian12:nonroot

FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts/build.ts ./scripts/
COPY src ./src
RUN npm run build

FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# All production dependencies are JavaScript alone, so that one installation serves every platform.
RUN npm ci --omit=dev --ignore-scripts

# hadolint ignore=DL3006 # its tag or digest is in the argument
FROM ${RUNTIME}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="grpc-health-bridge" \
      org.opencontainers.image.description="Answers load balancers' HTTP health checks for gRPC backends, and balances their calls" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
WORKDIR /app
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY protos ./protos
USER 65532:65532
ENV NODE_ENV=production BRIDGE_CONFIG=/etc/bridge/bridge.yaml
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/nodejs/bin/node", "dist/main.js", "check", "--self"]
ENTRYPOINT ["/nodejs/bin/node", "dist/main.js"]
CMD ["serve"]
