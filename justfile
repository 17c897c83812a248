# The commands of daily work; `just` alone lists them.

_default:
    @just --list --unsorted

# Start the server on SQLite and files under ./agentdrop-data
run *arguments:
    cargo run --release -- {{ arguments }}

# See two accounts exchange an encrypted file
demo:
    cargo run --release -- demo

# Every test, with a real Postgres, a real S3 server and the official SDK (installs what is missing)
test *arguments:
    scripts/test {{ arguments }}

# The tests that need nothing but Postgres's binaries
unit *arguments:
    cargo test --workspace {{ arguments }}

# Format the code
fmt:
    cargo fmt --all

# Clippy, as in CI
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Licences, sources, and which crate may use which
deny:
    scripts/deny

# Known vulnerabilities (fetches the advisory database)
advisories:
    scripts/deny advisories

# Measure against nginx and dufs
bench *arguments:
    scripts/bench {{ arguments }}

# Change the inputs that strangers send until something gives
fuzz *arguments:
    scripts/fuzz {{ arguments }}

# All that must hold for a change
ci:
    .ci/run
