#!/bin/sh
# Makes the secrets of compose.yaml in the folder secrets/ beside it. Secrets that are there already are kept.
set -eu
cd "$(dirname "$0")"

# The folder keeps other users of this machine out. The files themselves are readable, because inside a container
# they belong to another user.
mkdir -p secrets
chmod 0700 secrets

# usage: random CHARACTERS
random() {
    LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c "$1"
}

# usage: keep NAME VALUE
keep() {
    if [ ! -s "secrets/$1" ]; then
        printf '%s\n' "$2" >"secrets/$1"
        chmod 0644 "secrets/$1"
        echo "made secrets/$1"
    fi
}

keep postgres_password "$(random 32)"
keep database_url "postgres://agentdrop:$(cat secrets/postgres_password)@postgres:5432/agentdrop"
keep s3_access_key_id "$(random 20)"
keep s3_secret_access_key "$(random 40)"
keep signing_key "$(random 64)"
keep seaweedfs_s3.json "{\"identities\": [{\"name\": \"agentdrop\", \"actions\": [\"Admin\", \"Read\", \"Write\", \"List\"], \
\"credentials\": [{\"accessKey\": \"$(cat secrets/s3_access_key_id)\", \"secretKey\": \"$(cat secrets/s3_secret_access_key)\"}]}]}"
