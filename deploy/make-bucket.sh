#!/bin/sh
# Makes the bucket on any S3 store; a bucket that is there already is fine. Waits up to a minute for the store.
#
#   S3_ENDPOINT S3_REGION S3_BUCKET
#   S3_ACCESS_KEY_ID_FILE S3_SECRET_ACCESS_KEY_FILE
set -eu

url=$S3_ENDPOINT/$S3_BUCKET
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# The key goes in by standard input: arguments can be read by every process.
request() {
    printf 'user = "%s:%s"\n' "$(cat "$S3_ACCESS_KEY_ID_FILE")" "$(cat "$S3_SECRET_ACCESS_KEY_FILE")" |
        curl --config - --silent --show-error --max-time 10 --aws-sigv4 "aws:amz:$S3_REGION:s3" \
            --output "$answer" --write-out '%{http_code}' "$@" || true
}

tries=0
while :; do
    status=$(request --head "$url")
    if [ "$status" = 404 ]; then
        status=$(request --request PUT "$url")
    fi
    case $status in
    200)
        echo "bucket $S3_BUCKET is there"
        exit 0
        ;;
    # Nobody answers, or not yet.
    000 | 5??) ;;
    *)
        echo "error: the store answers $status for $url:" >&2
        cat "$answer" >&2
        exit 1
        ;;
    esac
    tries=$((tries + 1))
    if [ "$tries" -ge 60 ]; then
        echo "error: the store at $S3_ENDPOINT is not ready after a minute (last answer: $status)" >&2
        exit 1
    fi
    sleep 1
done
