# shellcheck shell=bash
# What every script here uses; source it first.

# Kept between runs: the Python environment and the S3 server that were made for the tests.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/agentdrop-test

say() {
    printf '== %s\n' "$*"
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "this needs root or sudo: $*"
    fi
}

# Runs "$@" while no other run of these scripts changes the cache folder.
with_cache_locked() {
    mkdir -p "$cache"
    (
        flock 9
        "$@" 9>&-
    ) 9>"$cache/lock"
}
