# shellcheck shell=bash
# What must be on the machine. Debian's packages are installed if missing; Rust is not.

have_postgres() {
    local folder path
    IFS=: read -r -a path <<<"$PATH"
    for folder in /usr/lib/postgresql/*/bin "${path[@]}"; do
        if [[ -x $folder/initdb && -x $folder/postgres ]]; then
            return 0
        fi
    done
    return 1
}

missing_packages() {
    local command
    for command in "$@"; do
        if ! have "$command"; then echo "$command"; fi
    done
    if [[ -z ${TEST_DATABASE_URL:-} ]] && ! have_postgres; then echo postgresql; fi
    if ! have cc; then echo build-essential; fi
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then echo python3 python3-venv; fi
}

# usage: install_packages [COMMAND]...; commands are those whose package has the same name
install_packages() {
    local packages
    read -r -a packages <<<"$(missing_packages "$@" | xargs)"
    if [[ ${#packages[@]} == 0 ]]; then
        say "Debian packages: nothing to install"
        return
    fi
    have apt-get || fail "missing, and no apt-get to install it with: ${packages[*]}"
    say "installing Debian packages: ${packages[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy "${packages[@]}"
}

require_cargo() {
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    have cargo || fail "cargo is missing: install Rust $wanted or newer from https://rustup.rs"
    found=$(rustc --version | cut -d' ' -f2)
    if [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n1) != "$wanted" ]]; then
        fail "Rust $wanted or newer is needed, here is $found: rustup update stable"
    fi
}
