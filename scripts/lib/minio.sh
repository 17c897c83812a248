# shellcheck shell=bash
# MinIO, built from its Go module: its images and downloads are no longer published.

minio_version=v0.0.0-20260212201848-7aac2a2c5b7c
minio_binary=$cache/minio-$minio_version

# Go's own caches are put beside the build: they would leave 2 GB behind.
build_minio() {
    if [[ -x $minio_binary ]]; then
        return
    fi
    say "building MinIO $minio_version with $(go version | cut -d' ' -f3) (about three minutes)"
    local folder
    folder=$(mktemp -d "$cache/minio-build.XXXXXX")
    if GOBIN=$folder GOCACHE=$folder/cache GOMODCACHE=$folder/modules GOFLAGS="${GOFLAGS:-} -modcacherw" \
        go install "github.com/minio/minio@$minio_version"; then
        mv "$folder/minio" "$minio_binary"
    fi
    rm -rf "$folder"
    [[ -x $minio_binary ]]
}

# usage: start_minio FOLDER; uses the AGENTDROP_TEST_S3_* variables, sets s3_ready_url
start_minio() {
    local port=${AGENTDROP_TEST_S3_ENDPOINT##*:} console
    console=$(free_ports 1)
    s3_ready_url=$AGENTDROP_TEST_S3_ENDPOINT/minio/health/ready
    MINIO_ROOT_USER=$AGENTDROP_TEST_S3_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AGENTDROP_TEST_S3_SECRET_ACCESS_KEY \
        MINIO_UPDATE=off setpriv --pdeathsig KILL "$minio_binary" server "$1/data" \
        --address "127.0.0.1:$port" --console-address "127.0.0.1:$console" >"$1/log" 2>&1 &
    s3_process=$!
}
