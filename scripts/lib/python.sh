# shellcheck shell=bash
# A Python of the tests' own, with the official SDK.

sdk_requirements=(agentdrop==0.3.5 requests)

# Makes the virtual environment $1 with the packages that follow. A stamp says that it is complete.
make_venv() {
    local venv=$1 stamp=$1/complete
    shift
    if [[ -f $stamp && $(<"$stamp") == "$*" ]]; then
        return
    fi
    say "installing from PyPI: $*"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
    echo "$*" >"$stamp"
}

prepare_python() {
    local venv=$cache/python
    with_cache_locked make_venv "$venv" "${sdk_requirements[@]}"
    export AGENTDROP_TEST_PYTHON=$venv/bin/python
    say "Python: $AGENTDROP_TEST_PYTHON with ${sdk_requirements[*]}"
}

# In an environment of its own: what it needs must not change what the SDK is given.
prepare_schemathesis() {
    local venv=$cache/schemathesis
    with_cache_locked make_venv "$venv" schemathesis==4.32.5
    export AGENTDROP_TEST_SCHEMATHESIS=$venv/bin/schemathesis
}

# Prints $1 loopback ports that are free now.
free_ports() {
    python3 - "$1" <<'PYTHON'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for each in sockets:
    each.bind(("127.0.0.1", 0))
print(*[each.getsockname()[1] for each in sockets])
PYTHON
}
