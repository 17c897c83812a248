# syntax=docker/dockerfile:1
# MinIO's images are no longer published; its Go module is. The version is pinned, and the Go module checksum
# database vouches for its content.

FROM golang:1.26-bookworm AS build
ARG MINIO_VERSION=v0.0.0-20260212201848-7aac2a2c5b7c
RUN CGO_ENABLED=0 GOBIN=/out go install -trimpath "github.com/minio/minio@${MINIO_VERSION}"

# Also the image of the job that makes the bucket.
FROM debian:bookworm-slim AS curl
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*

FROM curl
RUN useradd --system --uid 10002 --home-dir /data --shell /usr/sbin/nologin minio \
    && install -d -o minio -g minio -m 0700 /data
COPY --from=build /out/minio /usr/local/bin/minio
USER minio
VOLUME /data
EXPOSE 9000
ENTRYPOINT ["minio"]
CMD ["server", "/data", "--address", ":9000"]
