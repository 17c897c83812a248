#!/bin/sh
# Runs a throw-away Postgres for as long as standard input stays open. The test process holds the other end
# of that pipe, so its end is seen here however it comes about, kill -9 included.
#
# usage: supervise.sh BIN_DIR USER PORT...
#   BIN_DIR  folder of initdb and postgres
#   USER     whom to run them as, where the caller is root (Postgres refuses to be root); empty: the caller
#   PORT...  loopback ports to try in this order
# Answers "ready PORT PASSWORD", or "failed" and the reasons.
set -u

bin=$1
user=$2
shift 2
server=
folder=$(mktemp -d "${TMPDIR:-/tmp}/agentdrop-test-postgres.XXXXXX") || { echo failed; exit 1; }

clean_up() {
    # SIGQUIT is Postgres's immediate shutdown: nothing of this data will be read again.
    [ -z "$server" ] || { kill -QUIT "$server" && wait "$server"; } 2>/dev/null
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
# The test process may die before it reads the answer: then clean up as well.
trap '' PIPE

fail() {
    echo failed
    cat "$folder"/*.log
    exit 1
}

# Should this supervisor itself be killed, the kernel stops Postgres.
as_user() {
    if [ -n "$user" ]; then
        exec setpriv --pdeathsig QUIT --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
    elif command -v setpriv >/dev/null; then
        exec setpriv --pdeathsig QUIT -- "$@"
    else
        exec "$@"
    fi
}

# Sorting by language where this Postgres can: a query that relies on byte order fails here, not in production.
make_cluster() {
    set -- "$bin/initdb" -D "$folder/data" --username=postgres --auth=password --pwfile="$folder/password" \
        --encoding=UTF8 --no-sync "$@"
    (as_user "$@" --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US) >"$folder/initdb.log" 2>&1 && return
    rm -rf "$folder/data"
    (as_user "$@" --locale=C) >>"$folder/initdb.log" 2>&1
}

is_ready() {
    grep -q '^ready' "$folder/data/postmaster.pid" 2>/dev/null
}

# Leaves `server` set if Postgres runs on port $1.
start() {
    (as_user "$bin/postgres" -D "$folder/data" -p "$1" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c max_connections=300 -c fsync=off -c synchronous_commit=off \
        -c full_page_writes=off -c shared_buffers=64MB) >"$folder/postgres.log" 2>&1 &
    server=$!
    rounds=0
    while [ "$rounds" -lt 600 ] && kill -0 "$server" 2>/dev/null; do
        is_ready && return 0
        rounds=$((rounds + 1))
        sleep 0.05
    done
    { kill -QUIT "$server" && wait "$server"; } 2>/dev/null
    server=
    return 1
}

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "$password" >"$folder/password"
[ -z "$user" ] || chown -R "$user" "$folder" || fail
make_cluster || fail
for port in "$@"; do
    start "$port" && break
done
[ -n "$server" ] || fail
echo "ready $port $password"
cat >/dev/null
