#!/usr/bin/env bash
# Installs what the tests need, and runs them all: format, lints, tests of every kind.
#
# What is compiled goes to a folder of the user's cache, so that the next clone need not compile it again.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/runner/target}"

for component in rustfmt clippy; do
    cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
done

# Tests start servers of their own from the binaries, which Debian keeps out of PATH.
has_postgres() {
    local folder
    for folder in ${PATH//:/ } /usr/lib/postgresql/*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/postgres" ] && return
    done
    return 1
}
if ! has_postgres; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -q
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql
    has_postgres || { echo "PostgreSQL was installed, but initdb, pg_ctl and postgres are not found" >&2; exit 1; }
fi

# The page that the HTTP server shows is tested in a browser.
if ! chromium --version >/dev/null 2>&1 || ! chromedriver --version >/dev/null 2>&1; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -q
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium chromium-driver
fi

# The example's client in Python is tested as it is, and so are the README's calls of curl. The data of `examples/tpch` is
# made by packages from PyPI in a virtual environment.
if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || ! curl --version >/dev/null 2>&1; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -q
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends curl python3 python3-venv
fi
examples/tpch/make.sh 0.01 >/dev/null

# Cargo tells by times what has changed, which means nothing between two clones: what another one compiled is not used.
compiled_for="$CARGO_TARGET_DIR/compiled-for"
if [ "$(cat "$compiled_for" 2>/dev/null)" != "$PWD" ]; then
    rm -rf "$CARGO_TARGET_DIR"/*/.fingerprint/runner-*
    mkdir -p "$CARGO_TARGET_DIR"
    printf '%s' "$PWD" >"$compiled_for"
fi

# The link test builds a package outside the workspace without asking the network.
cargo fetch --quiet --manifest-path tests/no-std/Cargo.toml

# A snapshot that differs fails, and no file is written.
export INSTA_UPDATE="${INSTA_UPDATE:-no}"

cargo fmt --all --check
cargo clippy --quiet --workspace --all-targets -- -D warnings
cargo test --workspace --no-fail-fast
