# shellcheck shell=bash
# A real S3 server for the tests, on loopback and in a temporary folder.

# The running server's process and folder, and the URL that tells when it is up; set by start_*.
s3_process=
s3_folder=
s3_ready_url=

# Prints minio or seaweedfs: the one asked for by AGENTDROP_TEST_S3_SERVER, else MinIO where Go can build it.
install_s3_server() {
    case ${AGENTDROP_TEST_S3_SERVER:-} in
        minio)
            have go || fail "AGENTDROP_TEST_S3_SERVER=minio needs Go"
            with_cache_locked build_minio >&2 || fail "MinIO did not build"
            echo minio
            ;;
        seaweedfs)
            with_cache_locked install_seaweedfs >&2
            echo seaweedfs
            ;;
        '')
            if have go && with_cache_locked build_minio >&2; then
                echo minio
            else
                say "MinIO cannot be built here (no Go, or the build failed): SeaweedFS instead" >&2
                with_cache_locked install_seaweedfs >&2
                echo seaweedfs
            fi
            ;;
        *) fail "AGENTDROP_TEST_S3_SERVER is '$AGENTDROP_TEST_S3_SERVER'; allowed: minio, seaweedfs" ;;
    esac
}

# A server that the caller has named is used as it is; else one is installed and started.
provide_s3() {
    if [[ -n ${AGENTDROP_TEST_S3_ENDPOINT:-} ]]; then
        local part
        for part in BUCKET REGION ACCESS_KEY_ID SECRET_ACCESS_KEY SERVER; do
            part=AGENTDROP_TEST_S3_$part
            [[ -n ${!part:-} ]] || fail "AGENTDROP_TEST_S3_ENDPOINT is set, so $part must be, too"
        done
        say "S3 server: $AGENTDROP_TEST_S3_SERVER at $AGENTDROP_TEST_S3_ENDPOINT, as given"
        return
    fi
    AGENTDROP_TEST_S3_SERVER=$(install_s3_server)
    AGENTDROP_TEST_S3_ENDPOINT=http://127.0.0.1:$(free_ports 1)
    AGENTDROP_TEST_S3_BUCKET=agentdrop-test
    AGENTDROP_TEST_S3_REGION=us-east-1
    AGENTDROP_TEST_S3_ACCESS_KEY_ID=agentdrop-test
    AGENTDROP_TEST_S3_SECRET_ACCESS_KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    export "${!AGENTDROP_TEST_S3_@}"
    s3_folder=$(mktemp -d "${TMPDIR:-/tmp}/agentdrop-test-s3.XXXXXX")
    "start_$AGENTDROP_TEST_S3_SERVER" "$s3_folder"
    await_s3 "answer at $s3_ready_url" curl --fail --max-time 5 "$s3_ready_url"
    await_s3 "make the bucket" make_bucket
    say "S3 server: $AGENTDROP_TEST_S3_SERVER at $AGENTDROP_TEST_S3_ENDPOINT, data in $s3_folder"
}

# A signed PUT: that the server really speaks S3 is proven with it.
make_bucket() {
    local empty_body=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    curl --fail --max-time 5 --request PUT --aws-sigv4 "aws:amz:$AGENTDROP_TEST_S3_REGION:s3" \
        --user "$AGENTDROP_TEST_S3_ACCESS_KEY_ID:$AGENTDROP_TEST_S3_SECRET_ACCESS_KEY" \
        --header "x-amz-content-sha256: $empty_body" "$AGENTDROP_TEST_S3_ENDPOINT/$AGENTDROP_TEST_S3_BUCKET"
}

# usage: await_s3 WHAT COMMAND...; repeats the command for up to a minute
await_s3() {
    local what=$1 deadline=$((SECONDS + 60))
    shift
    until "$@" >"$s3_folder/await" 2>&1; do
        if ((SECONDS >= deadline)) || ! kill -0 "$s3_process" 2>/dev/null; then
            tail -n 40 "$s3_folder/log" "$s3_folder/await" >&2
            fail "$AGENTDROP_TEST_S3_SERVER did not $what"
        fi
        sleep 0.2
    done
}

stop_s3() {
    if [[ -n $s3_process ]]; then
        kill -KILL "$s3_process" 2>/dev/null || true
        wait "$s3_process" 2>/dev/null || true
    fi
    if [[ -n $s3_folder ]]; then
        rm -rf "$s3_folder"
    fi
}
